/* SPDX-License-Identifier: GPL-3.0-or-later
 * options.c - the machine options: the table, the takers of special values, the defaults.
 * Rule: a taker checks everything that can be known without touching a file.
 */
#include "debugger/options.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/event.h"
#include "core/vm.h"
#include "core/x86/x86.h"

#define KIB 1024ull
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
enum { RTC_DEFAULT = 946684800 }; /* 2000-01-01 00:00:00 UTC */

/* Least: the first mebibyte of a PC.  Most: 64 GiB, and never more than the host has. */
static u64 mem_most(void)
{
	u64 host = (u64)sysconf(_SC_PHYS_PAGES) * (u64)sysconf(_SC_PAGESIZE);
	return host < 64 * GIB ? host / MIB * MIB : 64 * GIB;
}

static int take_mem(void *slot, const char *value, struct err *err)
{
	u64 size, most = mem_most();
	int rc = take_size(&size, value, err);

	if (rc)
		return rc;
	if (size < MIB || size > most)
		return err_set(err, EINVAL, "%s is not possible; a machine has 1M to %lluM of memory on this host%s", value,
			       (unsigned long long)(most / MIB),
			       size && size < 1024 ? " (a plain number is bytes)" : "");
	if (size % PAGE_SIZE_4K)
		return err_set(err, EINVAL, "%s is not a multiple of 4K, the size of a page", value);
	*(u64 *)slot = size;
	return 0;
}

static int take_paging(void *slot, const char *value, struct err *err)
{
	struct machine_options *o = slot;

	if (!strcmp(value, "none"))
		o->paging = PAGING_NONE;
	else if (!strcmp(value, "ept"))
		o->paging = PAGING_EPT;
	else if (!strcmp(value, "shadow"))
		o->paging = PAGING_SHADOW;
	else
		return err_set(err, EINVAL, "expected none, ept or shadow, got '%.40s'", value);
	return 0;
}

static int take_shadow_tables(void *slot, const char *value, struct err *err)
{
	if (take_count(slot, value, NULL) || *(u64 *)slot < SHADOW_TABLES_MIN || *(u64 *)slot > SHADOW_TABLES_MAX)
		return err_set(err, EINVAL, "expected %d to %d tables (with fewer, one instruction may not find room for all it needs), "
			       "got '%.40s'", SHADOW_TABLES_MIN, SHADOW_TABLES_MAX, value);
	return 0;
}

static int take_page_max(void *slot, const char *value, struct err *err)
{
	u64 *size = slot;

	if (take_size(slot, value, NULL) || (*size != 4096 && *size != 2 << 20 && *size != 1 << 30))
		return err_set(err, EINVAL, "expected 4K, 2M or 1G, got '%.40s'", value);
	return 0;
}

static int take_dirty(void *slot, const char *value, struct err *err)
{
	struct machine_options *o = slot;
	int way = dirty_way_by_name(value);

	if (way < 0)
		return err_set(err, EINVAL, "expected own, wp, ad or pml, got '%.40s'", value);
	o->dirty = (enum dirty_way)way;
	o->dirty_given = true;
	return 0;
}

static int take_cpus(void *slot, const char *value, struct err *err)
{
	u64 n;
	int rc = take_number(&n, value, err);

	if (!rc && (n < 1 || n > VM_VCPUS))
		return err_set(err, EINVAL, "%s is not possible; a machine has 1 to %d processors", value, VM_VCPUS);
	if (!rc)
		*(u32 *)slot = (u32)n;
	return rc;
}

static int take_cpu(void *slot, const char *value, struct err *err)
{
	struct nearest near;

	*(const struct cpu_model **)slot = cpu_model_find(value);
	if (*(const struct cpu_model **)slot)
		return 0;
	nearest_start(&near, value);
	for (int i = 0; i < cpu_model_count; i++)
		nearest_offer(&near, cpu_models[i].name);
	return err_set(err, EINVAL, "unknown processor '%.40s'; %s '%s' ('vitrine info cpu' lists them)", value,
		       near.best ? "did you mean" : "expected one like", near.best ? near.best : cpu_models[0].name);
}

static int take_module(void *slot, const char *value, struct err *err)
{
	struct machine_options *o = slot;

	if (o->nmodules == IMAGE_MODULES)
		return err_set(err, E2BIG, "more than %d modules; expected at most that many", IMAGE_MODULES);
	o->module[o->nmodules++] = value;
	return 0;
}

const char *file_place(const char *place)
{
	return strncmp(place, "file:", 5) ? NULL : place + 5;
}

static int take_serial(void *slot, const char *value, struct err *err)
{
	if (!file_place(value) && strncmp(value, "unix:", 5) && strcmp(value, "stdio") && strcmp(value, "pty") &&
	    strcmp(value, "none"))
		return err_set(err, EINVAL, "'%.60s' is no place for a serial port; expected stdio, pty, none, file:FILE or "
			       "unix:SOCKET", value);
	*(const char **)slot = value;
	return 0;
}

static int take_entry(void *slot, const char *value, struct err *err)
{
	static const char *const names[] = { [LINUX_AUTO] = "auto", [LINUX_16] = "16", [LINUX_32] = "32",
					     [LINUX_64] = "64" };

	for (int i = 0; i < (int)ARRAY_LEN(names); i++)
		if (!strcmp(value, names[i])) {
			*(enum linux_entry *)slot = (enum linux_entry)i;
			return 0;
		}
	return err_set(err, EINVAL, "'%.40s' is no entry of a Linux kernel; expected auto, 16, 32 or 64", value);
}

static int take_debugcon(void *slot, const char *value, struct err *err)
{
	if (!file_place(value) && strcmp(value, "stderr") && strcmp(value, "stdout") && strcmp(value, "none"))
		return err_set(err, EINVAL, "'%.60s' is no place for the debug console; expected stderr, stdout, none or "
			       "file:FILE", value);
	*(const char **)slot = value;
	return 0;
}

static int take_display(void *slot, const char *value, struct err *err)
{
	if (strcmp(value, "none") && strcmp(value, "terminal"))
		return err_set(err, EINVAL, "'%.60s' is no display; expected terminal or none", value);
	*(const char **)slot = value;
	return 0;
}

static int take_virtio(void *slot, const char *value, struct err *err)
{
	struct pc_virtio *v = slot;
	const struct {
		const char *name;
		bool *on;
	} names[] = { { "rng", &v->rng }, { "console", &v->console }, { "balloon", &v->balloon }, { "mmio", &v->mmio } };

	for (const char *at = value; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		size_t len = strcspn(at, ","), i = 0;

		while (i < ARRAY_LEN(names) && (strlen(names[i].name) != len || strncmp(names[i].name, at, len)))
			i++;
		if (i == ARRAY_LEN(names))
			return err_set(err, EINVAL, "'%.*s' is unknown; expected some of rng, console, balloon, mmio, with commas",
				       len < 40 ? (int)len : 40, at);
		*names[i].on = true;
	}
	return 0;
}

static int take_console(void *slot, const char *value, struct err *err)
{
	struct machine_options *o = slot;

	if (strcmp(value, "uart") && strcmp(value, "virtio"))
		return err_set(err, EINVAL, "'%.40s' is no console; expected uart or virtio", value);
	o->virtio_console = !strcmp(value, "virtio");
	o->virtio.console |= o->virtio_console;
	return 0;
}

static int take_gdb(void *slot, const char *value, struct err *err)
{
	const char *colon = strrchr(value, ':');
	u64 port;

	if ((!strncmp(value, "unix:", 5) && value[5]) ||
	    (colon != value && number_parse(colon ? colon + 1 : value, &port, NULL) && port && port <= 65535)) {
		*(const char **)slot = value;
		return 0;
	}
	return err_set(err, EINVAL, "'%.60s' is no place to wait for gdb; expected a port, 1 to 65535, HOST:PORT or unix:SOCKET", value);
}

static int take_control(void *slot, const char *value, struct err *err)
{
	if (!strncmp(value, "unix:", 5) && value[5]) {
		*(const char **)slot = value;
		return 0;
	}
	return err_set(err, EINVAL, "'%.60s' is no place for a control socket; expected unix:SOCKET", value);
}

static int take_insn_ps(void *slot, const char *value, struct err *err)
{
	u64 ps;
	int rc = take_number(&ps, value, err);

	if (!rc && (ps < 1 || ps > 1000000000))
		return err_set(err, EINVAL, "%s is not possible; expected 1 to 1000000000 picoseconds", value);
	if (!rc)
		*(u64 *)slot = ps;
	return rc;
}

static int take_budget(void *slot, const char *value, struct err *err)
{
	int rc = take_count(slot, value, err);

	if (!rc && !*(u64 *)slot)
		return err_set(err, EINVAL, "0 is not possible; expected at least 1, or no --budget for no limit");
	return rc;
}

/* Seconds since 1970, a date in UTC, or the host's clock (read here, once: part of the configuration). */
static int take_rtc(void *slot, const char *value, struct err *err)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S" };
	u64 seconds;

	if (!strcmp(value, "host")) {
		*(i64 *)slot = clock_host_unix();
		return 0;
	}
	if (number_parse(value, &seconds, NULL) && seconds <= 253402300799ull) { /* the end of the year 9999 */
		*(i64 *)slot = (i64)seconds;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(value, forms[i], &tm);
		int day = tm.tm_mday;
		if (end && !*end && tm.tm_year >= 70 && tm.tm_year < 8100) {
			*(i64 *)slot = timegm(&tm);
			if (tm.tm_mday == day) /* else the month has no such day, and timegm counted on */
				return 0;
		}
	}
	return err_set(err, EINVAL, "'%.60s' is no time; expected seconds since 1970, YYYY-MM-DD[THH:MM:SS] or host",
		       value);
}

static int trace_one(u32 *set, const char *name, struct err *err)
{
	struct nearest near;
	int kind = event_by_name(name);

	if (!strcmp(name, "all")) {
		*set |= EV_ALL;
		return 0;
	}
	if (kind >= 0) {
		*set |= 1u << kind;
		return 0;
	}
	nearest_start(&near, name);
	for (int i = 0; i < EV_COUNT; i++)
		nearest_offer(&near, event_infos[i].name);
	if (near.best)
		return err_set(err, EINVAL, "unknown event '%s'; did you mean '%s'?", name, near.best);
	return err_set(err, EINVAL, "unknown event '%s'; 'vitrine info events' lists them", name);
}

static int take_trace(void *slot, const char *value, struct err *err)
{
	for (const char *at = value;; at++) {
		size_t len = strcspn(at, ",");
		char name[40];
		if (len >= sizeof(name))
			return err_set(err, EINVAL, "'%.60s' is too long for an event's name", at);
		memcpy(name, at, len);
		name[len] = 0;
		int rc = trace_one(slot, name, err);
		if (rc)
			return rc;
		at += len;
		if (!*at)
			return 0;
	}
}

#define ROW(name, arg, take, member, brief) { name, arg, brief, take, offsetof(struct machine_options, member) }
/* The taker gets the whole struct, or stores nothing. */
#define WHOLE(name, arg, take, brief) { name, arg, brief, take, 0 }
/* clang-format off */
const struct option machine_option_table[] = {
	ROW("engine",     "NAME",   take_text,    engine,     "who executes the guest: interp (default) or vtx"),
	ROW("switch-engine-after", "N:NAME", take_engine_switch, switches, "change engines after N instructions; may be repeated"),
	WHOLE("paging",   "MODE",   take_paging,              "how memory is virtualized: none (default), ept, shadow"),
	ROW("ept-pages", "SIZE",   take_page_max, page_max,   "largest page in the hypervisor's tables: 4K, 2M (default), 1G"),
	ROW("shadow-tables", "N", take_shadow_tables, shadow_tables, "at most N shadow page tables; by default 1/64 of the memory and 256"),
	ROW("shadow-unsync", NULL, take_flag, shadow_unsync, "shadow tables may be out of step until the guest flushes"),
	WHOLE("dirty-log", "WAY",  take_dirty,               "how written pages are found: own (default), wp, ad, pml"),
	ROW("check-paging", NULL,   take_flag,    check_paging, "check the hypervisor's page tables after every change"),
	ROW("mem",        "SIZE",   take_mem,     mem,        "guest memory, with K, M or G (default 64M)"),
	ROW("cpus",       "N",      take_cpus,    cpus,       "processors: 1 (default) to 8"),
	ROW("smp-threads", NULL,    take_flag,    smp_threads, "a host thread per processor: faster; no two runs are alike"),
	ROW("cpu",        "MODEL",  take_cpu,     cpu,        "processor model; 'vitrine info cpu' lists them"),
	ROW("kernel",     "FILE",   take_text,    kernel,     "Linux (bzImage), ELF or multiboot kernel to start"),
	WHOLE("initrd",   "FILE",   take_module,              "initial RAM disk, multiboot module; may be repeated"),
	WHOLE("module",   "FILE",   take_module,              "the same as --initrd"),
	ROW("kernel-entry", "MODE", take_entry,  entry,      "enter a Linux kernel in mode 16 (with --bios), 32, 64 or auto"),
	ROW("append",     "TEXT",   take_text,    append,     "command line for the kernel"),
	ROW("bios",       "FILE",   take_text,    bios,       "firmware, as /usr/share/seabios/bios.bin"),
	ROW("disk",       "FILE",   take_disk,    disks,      "disk image and its parts, see above; may be repeated"),
	ROW("cdrom",      "FILE",   take_text,    disks.cdrom, "image of a CD"),
	ROW("net",        "KIND",   take_net,     net,        "network: none (default), or user and its parts, see above"),
	ROW("virtio",     "NAMES",  take_virtio,  virtio,     "also these: rng, console, balloon; mmio = not on PCI"),
	WHOLE("console",  "AT",     take_console,             "the guest's console is at: uart (COM1, default) or virtio"),
	ROW("serial",     "TO",     take_serial,  serial,     "COM1 is at: stdio (default), pty, none, file:FILE, unix:SOCKET"),
	ROW("debugcon",   "TO",     take_debugcon, debugcon,  "402h, E9h go to: stderr (default), stdout, none, file:FILE"),
	ROW("display",    "TO",     take_display, display,    "the VGA screen and the keyboard are at: none (default), terminal"),
	ROW("screendump", "FILE",   take_text,    screendump, "at the end, and on SIGUSR1, write the VGA screen as a PNG"),
	ROW("vgabios",    "FILE",   take_text,    vgabios,    "video BIOS, or none (vgabios-stdvga.bin beside the BIOS)"),
	ROW("seed",       "N",      take_number,  seed,       "seed of RDRAND and everything random (default 1)"),
	ROW("rtc",        "TIME",   take_rtc,     rtc,        "clock at power-up: seconds, YYYY-MM-DD, host (2000-01-01)"),
	ROW("insn-ps",    "N",      take_insn_ps, insn_ps,    "virtual picoseconds per instruction (default 1000)"),
	ROW("budget",     "INSNS",  take_budget,  budget,     "stop after exactly so many instructions, with k, M, G"),
	ROW("exits",      NULL,     take_flag,    exits,      "print one line per VM exit"),
	ROW("trace",      "EVENTS", take_trace,   trace,      "print these events, as insn,io,irq; see 'info events'"),
	ROW("json",       "FILE",   take_text,    json,       "write events and a summary as JSON lines; - is stdout"),
	ROW("gdb",        "AT",     take_gdb,     gdb,        "wait for gdb at this [HOST:]PORT or unix:SOCKET, and serve it"),
	ROW("control",    "AT",     take_control, control,    "let programs drive the machine at unix:SOCKET; see vitrine ctl"),
	ROW("stats",      NULL,     take_flag,    stats,      "at the end, counts and histograms per exit reason"),
	ROW("state-hash", NULL,     take_flag,    state_hash, "at the end, the hash of all state"),
	ROW("memory-hash", NULL,    take_flag,    memory_hash, "print the hash of guest memory: equal in all paging modes"),
	ROW("record",     "FILE",   take_text,    record,     "write down what comes from outside, for vitrine replay"),
	ROW("save",       "FILE",   take_text,    save,       "at the end, write a snapshot; it starts like any image"),
	ROW("snapshots",  "FOLDER", take_text,    snapshots.folder, "a tree of snapshots: see vitrine snapshot, and `tree` in debug"),
	ROW("snapshot-at", "N:NAME", take_snapshot_at, snapshots, "one after N instructions, or end:NAME; may be repeated"),
	ROW("quiet",      NULL,     take_flag,    quiet,      "no summary and no progress on standard error"),
};
/* clang-format on */
const int machine_option_count = ARRAY_LEN(machine_option_table);

void machine_options_init(struct machine_options *o)
{
	*o = (struct machine_options){
		.engine = "interp",
		.mem = 64 * MIB,
		.cpus = 1,
		.cpu = &cpu_models[0],
		.display = "none",
		.seed = 1,
		.insn_ps = 1000,
		.rtc = RTC_DEFAULT,
	};
}

/* Where COM1 and the debug console are by default: where the user looks, unless the guest's screen is there. */
static int check_places(struct machine_options *o, struct err *err)
{
	bool shown = !strcmp(o->display, "terminal");

	if (shown && o->serial && !strcmp(o->serial, "stdio"))
		return err_set(err, EINVAL, "--display terminal and --serial stdio both want the terminal; give the serial "
			       "port another place, as --serial pty");
	if (shown && o->debugcon && !strcmp(o->debugcon, "stdout"))
		return err_set(err, EINVAL, "--display terminal and --debugcon stdout both want the terminal; give the debug "
			       "console another place, as --debugcon file:FILE");
	if (shown && (o->exits || (o->trace && !o->json) || (o->json && !strcmp(o->json, "-"))))
		return err_set(err, EINVAL, "--display terminal and printed events both want the terminal; use --json FILE");
	if (!o->serial)
		o->serial = shown ? "none" : "stdio";
	if (!o->debugcon)
		o->debugcon = shown && isatty(2) ? "none" : "stderr";
	return 0;
}

int machine_options_check(struct machine_options *o, const struct args_rest *rest, struct err *err)
{
	bool json_stdout = o->json && !strcmp(o->json, "-");
	struct utsname host;

	if (rest->n > 1)
		return err_set(err, EINVAL, "two images, '%.80s' and '%.80s'; expected one", rest->item[0], rest->item[1]);
	o->image = rest->n ? rest->item[0] : NULL;
	if (o->image && o->kernel)
		return err_set(err, EINVAL, "an image '%.80s' and --kernel; expected one of them", o->image);
	if (o->kernel && o->bios && o->entry != LINUX_AUTO && o->entry != LINUX_16)
		return err_set(err, EINVAL, "--kernel-entry: with --bios a kernel is entered in 16-bit mode only");
	if (o->kernel && !o->bios && o->entry == LINUX_16)
		return err_set(err, EINVAL, "--kernel-entry 16: the kernel's real-mode part calls the BIOS; expected --bios too");
	if (!o->image && !o->kernel && !o->bios)
		return err_set(err, EINVAL, "nothing to run; expected an image, --kernel FILE or --bios FILE%s",
			       o->disks.n || o->disks.cdrom ? " (a disk boots with --bios)" : "");
	if (o->append && o->bios && !o->image && !o->kernel)
		return err_set(err, EINVAL, "--append is for kernels; a BIOS takes no command line");
	if (o->smp_threads && (uname(&host) || strcmp(host.machine, "x86_64")))
		return err_set(err, ENOSYS, "--smp-threads needs an x86-64 host: others order memory accesses less strictly than "
			       "the guest expects");
	if (o->smp_threads && (o->json || o->trace & (EV_BIT(insn) | EV_BIT(mem) | EV_BIT(fault) | EV_BIT(state) |
				  EV_BIT(cr) | EV_BIT(tlb))))
		return err_set(err, EINVAL, "--smp-threads and --json, or --trace of insn, mem, fault, state, cr or tlb; what happens in "
			       "several threads at once has no order to print it in");
	if (o->smp_threads && o->paging != PAGING_NONE)
		return err_set(err, EINVAL, "--smp-threads and --paging %s; the tables are built by one processor at a time",
			       paging_mode_name(o->paging));
	if (dirty_check(o->dirty, o->paging, err))
		return -EINVAL;
	if (o->smp_threads && o->gdb)
		return err_set(err, EINVAL, "--smp-threads and --gdb; a debugger needs processors that take turns");
	if ((o->gdb || o->control) && (o->trace & EV_BIT(insn)) && !o->json)
		return err_set(err, EINVAL, "--trace=insn prints while it steps; with --%s give it --json FILE too",
			       o->gdb ? "gdb" : "control");
	if ((o->record || o->replay) && (o->smp_threads || o->switches.n))
		return err_set(err, EINVAL, "a recording needs one engine, and --smp-threads off: only such a run can be repeated");
	if (o->replay && (o->record || o->gdb || o->control || strcmp(o->display, "none")))
		return err_set(err, EINVAL, "replay takes no --record, --gdb, --control or --display: nobody interferes with a replay");
	if (o->switches.n && (o->gdb || o->stats))
		return err_set(err, EINVAL, "--switch-engine-after and --gdb or --stats; both hold on to one engine");
	if (json_stdout && o->exits)
		return err_set(err, EINVAL, "--exits and --json - both want standard output; give --json a file");
	if (disk_options_check(&o->disks, err) || snapshot_options_check(o, err))
		return -EINVAL;
	return check_places(o, err);
}
