/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-insn.c - finding the port instruction that KVM exited for.
 * Rule: it is looked for only when somebody will see it, because it takes calls into the kernel.
 *
 * KVM says port and size, and rip: before IN always; before OUT, if the processor told of it directly; behind OUT, if KVM
 * emulated it.  Mostly only one of the two places holds such an instruction; where both do, it is as it was last time.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "core/vtx/kvm.h"

enum { LOOK = 15 };

u64 kvm_linear_rip(struct kvm_cpu *k, u64 rip)
{
	struct x86_state s;

	if (kvm_get(k->vcpu, &s, ST_SEG | ST_CTRL))
		return rip;
	if ((s.efer[0] & EFER_LMA) && (s.seg_attr[SEG_CS] & SEG_L))
		return rip;
	return (u32)(s.seg_base[SEG_CS] + rip);
}

static bool read_byte(struct kvm_cpu *k, u64 linear, u8 *byte)
{
	struct kvm_translation t = { .linear_address = linear };
	struct mem *m = &k->vcpu->vm->mem;

	if (ioctl(k->fd, KVM_TRANSLATE, &t) || !t.valid)
		return false;
	return mem_read(m, mem_gpa(m, t.physical_address), byte, 1);
}

int kvm_code(struct kvm_cpu *k, u64 rip, u8 *bytes, int n)
{
	u64 linear = kvm_linear_rip(k, rip);

	for (int i = 0; i < n; i++)
		if (!read_byte(k, linear + (u64)i, &bytes[i]))
			return i;
	return n;
}

struct port_insn { int len; u8 opcode, imm; int size; bool rep; };

/* The size of the code segment's operands: 2 or 4. */
static int default_size(struct kvm_cpu *k)
{
	struct x86_state s;

	if (kvm_get(k->vcpu, &s, ST_SEG | ST_CTRL))
		return 4;
	return ((s.efer[0] & EFER_LMA) && (s.seg_attr[SEG_CS] & SEG_L)) || (s.seg_attr[SEG_CS] & SEG_DB) ? 4 : 2;
}

/* E4-E7, EC-EF, 6C-6F behind prefixes (SDM 2D tables A-2); size 0 if it is something else. */
static struct port_insn parse(const u8 *b, int n, int size)
{
	struct port_insn p = { .size = size };
	int i = 0;

	for (; i < n; i++) {
		if (b[i] == 0x66)
			p.size = size == 4 ? 2 : 4;
		else if (b[i] == 0xf2 || b[i] == 0xf3)
			p.rep = true;
		else if (b[i] != 0x67 && (b[i] & 0xe7) != 0x26 && (b[i] & 0xfe) != 0x64 && b[i] != 0xf0 &&
			 (b[i] & 0xf0) != 0x40)
			break;
	}
	if (i >= n || !((b[i] & 0xf4) == 0xe4 || (b[i] & 0xfc) == 0x6c))
		return (struct port_insn){ 0 };
	p.opcode = b[i];
	if (!(b[i] & 1))
		p.size = 1;
	p.len = i + 1;
	if ((b[i] & 0xfc) == 0xe4) {
		if (p.len >= n)
			return (struct port_insn){ 0 };
		p.imm = b[p.len++];
	}
	return p;
}

static bool fits(const struct port_insn *p, const struct kvm_run *run)
{
	bool immediate = (p->opcode & 0xfc) == 0xe4;

	if (!p->size || p->size != run->io.size || !!(p->opcode & 2) != (run->io.direction == KVM_EXIT_IO_OUT))
		return false;
	return run->io.port == (immediate ? p->imm : (u16)run->s.regs.regs.rdx);
}

/* The instruction that ends at rip: the shortest that fits, for prefixes may be another's last byte. */
static struct port_insn before(struct kvm_cpu *k, u64 rip, int size)
{
	u8 b[LOOK];

	for (int len = 1; len <= 6; len++) {
		struct port_insn p;

		if (kvm_code(k, rip - (u64)len, b, len) != len)
			break;
		p = parse(b, len, size);
		if (p.len == len && fits(&p, k->run))
			return p;
	}
	return (struct port_insn){ 0 };
}

void kvm_find_port_insn(struct kvm_cpu *k, struct vm_exit *exit)
{
	int size = default_size(k);
	u8 b[LOOK];
	struct port_insn here = parse(b, kvm_code(k, exit->rip, b, LOOK), size), gone = { 0 };

	if (!fits(&here, k->run))
		here.len = 0;
	if (k->run->io.direction == KVM_EXIT_IO_OUT)
		gone = before(k, exit->rip, size);
	if (here.len && gone.len ? k->out_after : gone.len > 0) {
		exit->rip -= (u64)gone.len;
		k->out_after |= !here.len;
		here = gone;
	} else if (here.len && exit->io.write && !gone.len) {
		k->out_after = false;
	}
	if (!here.len)
		return;
	exit->insn_len = (u8)here.len;
	exit->io.string = (here.opcode & 0xfc) == 0x6c;
	exit->io.rep = exit->io.string && here.rep;
	exit->qualification = exit_io_qualification(exit->io.port, exit->io.size, exit->io.write, exit->io.string,
						    exit->io.rep, (here.opcode & 0xfc) == 0xe4);
}
