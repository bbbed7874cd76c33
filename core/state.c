/* SPDX-License-Identifier: GPL-3.0-or-later
 * state.c - the vCPU's state list in use: power-up values, groups, access by name.
 * Rule: the list in state.h says everything; here is only what one value per field cannot say.
 */
#include "core/state.h"

#include <errno.h>
#include <string.h>

const char *const x86_gpr_names[X86_GPRS] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
};
const char *const x86_seg_names[X86_SEGS] = { "es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr" };

/* SDM 3A table 9-1; the type bits of LDTR and TR are those of SDM 3C 26.3.1.2 */
void x86_state_reset(struct x86_state *s, u32 cpu_signature)
{
	memset(s, 0, sizeof(*s)); /* padding too: two states compare equal byte by byte */
	state_reset(&x86_state_layout, s);
	s->gpr[RDX] = cpu_signature;
	s->seg_sel[SEG_CS] = 0xf000;
	s->seg_base[SEG_CS] = 0xffff0000;
	s->seg_attr[SEG_CS] = SEG_P | SEG_S | SEG_CODE | SEG_RW | SEG_ACCESSED;
	s->seg_attr[SEG_LDTR] = SEG_P | SYS_LDT;
	s->seg_attr[SEG_TR] = SEG_P | SYS_TSS32_BUSY;
	s->dr[6] = DR6_FIXED;
	s->dr[7] = DR7_FIXED;
}

int x86_state_check(const struct x86_state *s, struct err *err)
{
	u64 cr0 = *s->cr0, efer = *s->efer;
	if ((cr0 & CR0_PG) && !(cr0 & CR0_PE))
		return err_set(err, EINVAL, "cr0: paging (PG) needs protected mode (PE); cr0 = %#llx",
			       (unsigned long long)cr0);
	if ((efer & EFER_LMA) && !((cr0 & CR0_PG) && (*s->cr4 & CR4_PAE) && (efer & EFER_LME)))
		return err_set(err, EINVAL, "efer.LMA needs cr0.PG, cr4.PAE and efer.LME");
	if (*s->activity > ACT_WAIT_SIPI)
		return err_set(err, EINVAL, "activity %u: expected 0 to 3", *s->activity);
	if (*s->icount >> 62)
		return err_set(err, EINVAL, "icount %#llx: no machine has run that long",
			       (unsigned long long)*s->icount);
	if ((*s->rflags & FLAG_VM) && (efer & EFER_LMA))
		return err_set(err, EINVAL, "rflags.VM cannot be set in long mode");
	return 0;
}

enum state_group x86_state_group(u32 field_index)
{
	/* The list's own parts, in its order, with the number of their fields. */
	static const struct {
		enum state_group group;
		u32 n;
	} parts[] = {
		{ ST_GPR, 0 X86_GPR_STATE(FIELD_COUNT_, x86_state) },
		{ ST_SEG, 0 X86_SEG_STATE(FIELD_COUNT_, x86_state) },
		{ ST_CTRL, 0 X86_CTRL_STATE(FIELD_COUNT_, x86_state) },
		{ ST_MSR, 0 X86_MSR_STATE(FIELD_COUNT_, x86_state) },
		{ ST_FPU, 0 X86_FPU_STATE(FIELD_COUNT_, x86_state) },
		{ ST_PENDING, 0 X86_PENDING_STATE(FIELD_COUNT_, x86_state) },
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (field_index < parts[i].n)
			return parts[i].group;
		field_index -= parts[i].n;
	}
	return 0;
}

/* A group is a run of fields, so it is copied as one piece of memory. */
void x86_state_copy(struct x86_state *to, const struct x86_state *from, u32 groups)
{
	static const struct {
		enum state_group group;
		size_t at, end;
	} parts[] = {
		{ ST_GPR, offsetof(struct x86_state, gpr), offsetof(struct x86_state, seg_base) },
		{ ST_SEG, offsetof(struct x86_state, seg_base), offsetof(struct x86_state, cr0) },
		{ ST_CTRL, offsetof(struct x86_state, cr0), offsetof(struct x86_state, star) },
		{ ST_MSR, offsetof(struct x86_state, star), offsetof(struct x86_state, fpr) },
		{ ST_FPU, offsetof(struct x86_state, fpr), offsetof(struct x86_state, icount) },
		{ ST_PENDING, offsetof(struct x86_state, icount), sizeof(struct x86_state) },
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (groups & parts[i].group)
			memcpy((u8 *)to + parts[i].at, (const u8 *)from + parts[i].at, parts[i].end - parts[i].at);
}

static int find_name(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

bool x86_state_get_by_name(const struct x86_state *s, const char *name, u64 *value)
{
	const struct field *f;
	u32 index;
	int n;

	n = find_name(x86_gpr_names, X86_GPRS, name);
	if (n >= 0) {
		*value = s->gpr[n];
		return true;
	}
	n = find_name(x86_seg_names, X86_SEGS, name);
	if (n >= 0) {
		*value = s->seg_sel[n];
		return true;
	}
	if (name[0] == 'd' && name[1] == 'r' && name[2] >= '0' && name[2] <= '7' && !name[3]) {
		*value = s->dr[name[2] - '0'];
		return true;
	}
	f = field_find(&x86_state_layout, name, &index);
	if (!f)
		return false;
	*value = field_get(f, s, index);
	return true;
}
