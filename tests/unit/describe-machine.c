/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-machine.c - places, exits, devices, interrupts, queues and figures in words.
 * Rule: what is expected is worked out by hand from manuals and data sheets; and looking changes nothing,
 * not one bit.
 */
#include "devices/pc-virtio.h"
#include "tests/unit/described.h"

/* ---- places ---- */

static const char *place(u64 gpa)
{
	struct buf b = { 0 };

	describe_place(&session, gpa, &b);
	return taken(&b);
}

START_TEST(places_have_names)
{
	struct lines l = { 0 };
	const char *t;

	open_machine();
	want(place(0x7c00), "RAM `RAM', machine frame");
	ck_assert_str_eq(place(0xfee000b0), "device lapic0, end of interrupt at 0xb0");
	want(place(0xfec00000), "device ioapic");
	ck_assert_str_eq(place(0xd0000000), "nothing answers here");
	describe_memory(&session, &l);
	t = all(&l);
	want(t, "000000000000..00000009ffff   640 KiB  RAM");
	want(t, "0000fee00000..0000fee00fff     4 KiB  registers     lapic0");
	close_machine();
}
END_TEST

/* ---- exits ---- */

START_TEST(qualifications_in_words)
{
	static const struct { u16 reason; u64 q; const char *words;
	} rows[] = {
		{ EXIT_IO, 0x3f80000, "out, 1 byte, port 0x3f8 in DX" },
		{ EXIT_IO, 0x600048, "in, 1 byte, port 0x60 as an immediate" },
		{ EXIT_IO, 0x1f00039, "rep ins, 2 bytes, port 0x1f0 in DX" },
		{ EXIT_EPT_VIOLATION, 0x182,
		  "write where nothing is allowed, linear address valid, of its translation" },
		{ EXIT_EPT_VIOLATION, 0x8c,
		  "fetch where reading is allowed, linear address valid, of a paging structure on the way" },
		{ EXIT_CR_ACCESS, 0x003, "mov cr3 <- rax" },
		{ EXIT_CR_ACCESS, 0x713, "mov rdi <- cr3" },
		{ EXIT_CR_ACCESS, 0x20, "clts" },
		{ EXIT_CR_ACCESS, 0x00110070, "lmsw 0x11 from memory" },
		{ EXIT_DR_ACCESS, 0x307, "mov dr7 <- rbx" },
		{ EXIT_DR_ACCESS, 0x016, "mov rax <- dr6" },
		{ EXIT_TASK_SWITCH, 0xc0000028, "task gate in the IDT to TSS selector 0x28" },
		{ EXIT_INVLPG, 0xffff8000, "linear address 0xffff8000" },
		{ EXIT_SIPI, 0x9a, "vector 0x9a: begins at 0x9a000" },
		{ EXIT_CPUID, 0, "" },
	};
	struct buf b = { 0 };

	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		describe_qualification(rows[i].reason, rows[i].q, &b);
		ck_assert_str_eq(taken(&b), rows[i].words);
	}
	describe_qualification(EXIT_IO, exit_io_qualification(0xcf8, 4, true, false, false, false), &b);
	ck_assert_str_eq(taken(&b), "out, 4 bytes, port 0xcf8 in DX");
	for (u32 reason = 0; reason < 80; reason++) /* no bits are too strange */
		describe_qualification((u16)reason, UINT64_MAX, &b);
	buf_free(&b);
	describe_intr_info(0x80000b0e, &b);
	ck_assert_str_eq(taken(&b), "hardware exception #PF, with an error code");
	describe_intr_info(0x80000021, &b);
	ck_assert_str_eq(taken(&b), "external interrupt 0x21");
	describe_intr_info(0x21, &b);
	ck_assert_str_eq(taken(&b), "none");
}
END_TEST

static void add_exit(u64 number, u16 reason, u64 qualification, u64 gpa, u64 cost)
{
	struct history *h = &session.history;
	struct history_exit e = { .number = number,
				  .icount = number * 100,
				  .time = number * 1000,
				  .at = number * 100,
				  .rip = 0x7c00,
				  .qualification = qualification,
				  .gpa = gpa,
				  .cost_ns = cost,
				  .gap = 100,
				  .reason = reason,
				  .who = "uart",
				  .what = "THR" };

	h->ring[number % HISTORY_EXITS] = e;
	h->first = h->first ? h->first : number;
	h->next = number + 1;
	h->reason[reason].count++;
	h->reason[reason].cost_ns += cost;
	h->reason[reason].bucket[63 - __builtin_clzll(cost)]++;
}

START_TEST(one_exit_in_lines)
{
	struct lines l = { 0 };
	const char *t;

	open_machine();
	add_exit(1, EXIT_IO, 0x3f80000, 0, 3000);
	describe_exit(&session, history_exit_get(&session.history, 1), true, &l);
	t = all(&l);
	want(t, "#1 IO  cpu 0");
	want(t, "30 I/O instruction");
	want(t, "out, 1 byte, port 0x3f8 in DX");
	want(t, "device uart: THR");
	want(t, "3.0 us");
	add_exit(2, EXIT_EPT_VIOLATION, 0x182, 0xfee000b0, 3000);
	describe_exit(&session, history_exit_get(&session.history, 2), false, &l);
	t = all(&l);
	want(t, "gpa      fee000b0  device lapic0, end of interrupt");
	ck_assert_ptr_null(strstr(t, "cost"));
	describe_turns(&session, 60, &l);
	want(all(&l), "cpu 0");
	describe_controls(&session, &l);
	want(all(&l), "1  HLT exiting");
	close_machine();
}
END_TEST

/* ---- figures ---- */

START_TEST(percentiles_and_tables)
{
	struct history_reason *r;
	struct lines l = { 0 };
	struct buf b = { 0 };
	const char *t;

	open_machine();
	for (u64 i = 1; i <= 98; i++)
		add_exit(i, EXIT_IO, 0, 0, 1100);
	add_exit(99, EXIT_IO, 0, 0, 70000);
	add_exit(100, EXIT_IO, 0, 0, 70000);
	add_exit(101, EXIT_HLT, 0, 0, 600);
	r = &session.history.reason[EXIT_IO];
	ck_assert_uint_eq(describe_percentile(r, 0), 1024 + 512);
	ck_assert_uint_eq(describe_percentile(r, 500), 1024 + 512);
	ck_assert_uint_eq(describe_percentile(r, 970), 1024 + 512);
	ck_assert_uint_eq(describe_percentile(r, 990), 65536 + 32768);
	ck_assert_uint_eq(describe_percentile(r, 1000), 65536 + 32768);
	ck_assert_uint_eq(describe_percentile(&(struct history_reason){ 0 }, 500), 0);
	describe_stats(&session, 80, true, &l);
	t = all(&l);
	want(t, "IO                   100  99.0%");
	want(t, "HLT                    1   1.0%");
	ck_assert(strstr(t, "IO  ") < strstr(t, "HLT"));
	want(t, "vitrine_processors");
	describe_stats(&session, 80, false, &l);
	ck_assert_ptr_null(strstr(all(&l), "p50"));
	describe_stats_csv(&session, &b);
	t = taken(&b);
	want(t, "reason,count,cost_ns,p50_ns,p99_ns,below_2_ns");
	want(t, "\nIO,100,247800,1536,98304,");
	describe_stats_prometheus(&session, &b);
	t = taken(&b);
	want(t, "# TYPE vitrine_exit_seconds histogram\n");
	want(t, "vitrine_exit_seconds_bucket{reason=\"IO\",le=\"0.000002048\"} 98\n");
	want(t, "vitrine_exit_seconds_bucket{reason=\"IO\",le=\"+Inf\"} 100\n");
	want(t, "vitrine_exit_seconds_sum{reason=\"IO\"} 0.000247800\n");
	close_machine();
}
END_TEST

/* ---- devices ---- */

static void out(u16 port, u8 value)
{
	bus_write(&vm->port, port, 1, value, NULL);
}

START_TEST(device_registers_and_changes)
{
	struct device *uart;
	struct lines l = { 0 };
	const char *t;
	u8 before[4096];

	open_machine();
	uart = vm_find_device(vm, "uart");
	ck_assert_ptr_nonnull(uart);
	memcpy(before, uart->state, uart->class->layout->size);
	describe_device(&session, uart, before, &l);
	for (u32 i = 0; i < l.n; i++)
		ck_assert(!l.line[i].changed);
	lines_free(&l);
	out(0x3ff, 0x5a);
	describe_device(&session, uart, before, &l);
	t = all(&l);
	want(t, "*scratch     5a        scratch register  (was 00)\n");
	want(t, "\n divisor     12        baud-rate divisor");
	describe_devices(&session, &l);
	t = all(&l);
	want(t, "uart ");
	want(t, "m:fec00000");
	close_machine();
}
END_TEST

START_TEST(interrupts_pending_and_served)
{
	struct lines l = { 0 };
	const char *t;

	open_machine();
	out(0x20, 0x11), out(0x21, 0x20), out(0x21, 4), out(0x21, 1);
	out(0x21, 0xee); /* lines 0 and 4 are open */
	out(0x43, 0x30), out(0x40, 1), out(0x40, 0);
	clock_skip_to(&vm->clock, 1000000);
	clock_fire_due(&vm->clock);
	describe_irqs(&session, &l);
	t = all(&l);
	want(t, "pic1  irr 01  isr 00  imr ee");
	want(t, "  0 timer    vector 20 pending high");
	want(t, "  4 COM1     vector 24\n");
	want(t, "takes      no interrupts (IF=0)");
	want(t, "ioapic  id 0  asserted pins 000004\n  2 timer    vector 00 masked to cpu 00 asserted\n");
	close_machine();
}
END_TEST

START_TEST(queues_and_their_chains)
{
	static const u64 base = PC_VIRTIO_MMIO_BASE;
	struct lines l = { 0 };
	const char *t;

	open_machine();
	describe_queues(&session, true, &l);
	t = all(&l);
	want(t, "virtio-rng  00 no driver");
	want(t, " 0 requests not set up");
	bus_write(&vm->mmio, base + 0x70, 4, 3, NULL);
	bus_write(&vm->mmio, base + 0x38, 4, 4, NULL);
	bus_write(&vm->mmio, base + 0x80, 4, 0x20000, NULL);
	bus_write(&vm->mmio, base + 0x90, 4, 0x21000, NULL);
	bus_write(&vm->mmio, base + 0xa0, 4, 0x22000, NULL);
	bus_write(&vm->mmio, base + 0x44, 4, 1, NULL);
	put64(0x20000, 0x30000), put64(0x20008, 64 | 3ull << 32 | 1ull << 48);
	put64(0x20010, 0x31000), put64(0x20018, 32 | 2ull << 32);
	put64(0x21000, 0x0000000000010000ull); /* flags 0, index 1, entry 0 */
	describe_queues(&session, true, &l);
	t = all(&l);
	want(t, "virtio-rng  03 DRIVER\n");
	want(t, " 0 requests   4     1     0     0    1");
	want(t, "waits: entry 0, chain 0");
	want(t, "desc 0   000000030000      64 bytes  device writes  then 1");
	want(t, "desc 1   000000031000      32 bytes  device writes\n");
	put64(0x20018, 32 | 1ull << 32); /* and back to itself */
	describe_queues(&session, true, &l);
	want(all(&l), "a loop of descriptors");
	put64(0x20008, 64 | 1ull << 32 | 9ull << 48);
	describe_queues(&session, true, &l);
	want(all(&l), "a descriptor beyond the table");
	put64(0x21000, 0x0000000090000000ull);
	describe_queues(&session, true, &l);
	want(all(&l), "more chains wait than the ring has entries");
	close_machine();
}
END_TEST

/* Whatever is described, the machine is as before. */
START_TEST(looking_changes_nothing)
{
	struct lines l = { 0 };
	struct buf before = { 0 }, after = { 0 };
	struct x86_state a, b;

	open_machine();
	tables_64();
	vcpu_get(&vm->vcpu[0], &a, ST_ALL);
	u64 memory = mem_hash(&vm->mem, 1);
	for (int i = 0; i < vm->ndevices; i++)
		device_save(vm->device[i], &before);
	describe_walk(&session, 0, 0x1000, &l);
	describe_tables(&session, STAGE_GUEST, 0, NULL, 0, false, &l);
	describe_mappings(&session, STAGE_GUEST, 0, 100, &l);
	describe_heat(&session, STAGE_GUEST, 0, 1, 0, 80, &l);
	describe_memory(&session, &l);
	describe_controls(&session, &l);
	describe_devices(&session, &l);
	for (int i = 0; i < vm->ndevices; i++)
		describe_device(&session, vm->device[i], NULL, &l);
	describe_irqs(&session, &l);
	describe_queues(&session, true, &l);
	describe_vmcs(&session, 0, NULL, &l);
	describe_processors(&session, &l);
	describe_stats(&session, 80, true, &l);
	ck_assert(!l.failed);
	lines_free(&l);
	vcpu_get(&vm->vcpu[0], &b, ST_ALL);
	ck_assert_mem_eq(&a, &b, sizeof(a));
	ck_assert_uint_eq(mem_hash(&vm->mem, 1), memory);
	for (int i = 0; i < vm->ndevices; i++)
		device_save(vm->device[i], &after);
	ck_assert_uint_eq(before.len, after.len);
	ck_assert_mem_eq(before.data, after.data, before.len);
	buf_free(&before);
	buf_free(&after);
	close_machine();
}
END_TEST

START_TEST(vmcs_in_the_manuals_words)
{
	struct lines l = { 0 };
	struct x86_state before;
	const char *t;

	open_machine();
	tables_64();
	vcpu_get(&vm->vcpu[0], &before, ST_ALL);
	before.cr3[0] = 0x999000;
	describe_vmcs(&session, 0, &before, &l);
	t = all(&l);
	want(t, "This build has no VMCS");
	want(t, "*6802 CR3                      0000000000010000");
	want(t, " 6800 CR0                      0000000080010011  PE ET WP PG");
	want(t, " 2806 IA32_EFER                0000000000000d00  LME LMA NXE");
	for (char area = '1'; area <= '6'; area++) {
		char title[4] = { ' ', area, ' ', 0 };
		want(t, title);
	}
	close_machine();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		places_have_names, qualifications_in_words, one_exit_in_lines, percentiles_and_tables,
		device_registers_and_changes, interrupts_pending_and_served, queues_and_their_chains,
		looking_changes_nothing, vmcs_in_the_manuals_words,
	};

	return unit_run("describe-machine", tests, ARRAY_LEN(tests));
}
