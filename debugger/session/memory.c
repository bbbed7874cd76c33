/* SPDX-License-Identifier: GPL-3.0-or-later
 * memory.c - the guest's memory, read and written for whoever looks.
 * Rule: only plain memory is touched; what a device would answer is not there.
 */
#include <errno.h>
#include <string.h>

#include "core/x86/x86.h"
#include "debugger/guest-code.h"
#include "debugger/session/session.h"

#define ULL(x) ((unsigned long long)(x))

u64 session_read_physical(struct session *s, u64 gpa, void *out, u64 len)
{
	u64 done = 0;

	while (done < len) {
		u64 at = gpa + done, here = PAGE_SIZE_4K - (at & PAGE_MASK_4K);
		const u8 *host;

		here = here < len - done ? here : len - done;
		host = at >= gpa ? mem_host(&s->vm->mem, at, here, false) : NULL;
		if (!host)
			break;
		memcpy((u8 *)out + done, host, here);
		done += here;
	}
	return done;
}

/* Call `part` for each piece that lies in one page; the bytes that went well. */
static u64 by_pages(struct session *s, u64 gva, u64 len, u64 (*part)(struct session *s, u64 gpa, u64 done, u64 len, void *arg),
		    void *arg)
{
	struct vcpu *v = &s->vm->vcpu[s->cpu];
	struct x86_state st;
	u64 done = 0;

	if (vcpu_get(v, &st, ST_ALL))
		return 0;
	while (done < len) {
		u64 at = gva + done, here = PAGE_SIZE_4K - (at & PAGE_MASK_4K), gpa, n;

		here = here < len - done ? here : len - done;
		if (!guest_translate(v, &st, at, &gpa))
			break;
		n = part(s, gpa, done, here, arg);
		done += n;
		if (n < here)
			break;
	}
	return done;
}

static u64 read_part(struct session *s, u64 gpa, u64 done, u64 len, void *arg)
{
	return session_read_physical(s, gpa, (u8 *)arg + done, len);
}

u64 session_read(struct session *s, u64 gva, void *out, u64 len)
{
	return by_pages(s, gva, len, read_part, out);
}

static bool is_plain(const struct session *s, u64 gpa, u64 len)
{
	for (u64 done = 0; done < len;) {
		u64 at = gpa + done, here = PAGE_SIZE_4K - (at & PAGE_MASK_4K);

		here = here < len - done ? here : len - done;
		if (at < gpa || !mem_host(&s->vm->mem, at, here, false))
			return false;
		done += here;
	}
	return true;
}

static u64 check_part(struct session *s, u64 gpa, u64 done, u64 len, void *arg)
{
	return is_plain(s, gpa, len) ? len : 0;
}

static u64 write_part(struct session *s, u64 gpa, u64 done, u64 len, void *arg)
{
	mem_poke(&s->vm->mem, gpa, *(const u8 **)arg + done, len);
	return len;
}

/* All or nothing. */
int session_write(struct session *s, u64 gva, const void *in, u64 len, struct err *err)
{
	u64 good = by_pages(s, gva, len, check_part, NULL);

	if (session_may_change(s, err))
		return -EBUSY;
	if (good < len)
		return err_set(err, EFAULT, "no memory at gva 0x%llx; nothing was written", ULL(gva + good));
	by_pages(s, gva, len, write_part, &in);
	session_changed(s);
	return 0;
}

int session_write_physical(struct session *s, u64 gpa, const void *in, u64 len, struct err *err)
{
	if (session_may_change(s, err))
		return -EBUSY;
	if (!is_plain(s, gpa, len))
		return err_set(err, EFAULT, "no memory at gpa 0x%llx, or not so much; nothing was written", ULL(gpa));
	mem_poke(&s->vm->mem, gpa, in, len);
	session_changed(s);
	return 0;
}
