/* SPDX-License-Identifier: GPL-3.0-or-later
 * pcap.c - write frames in the format of libpcap.
 * Rule: a frame that could not be written whole is cut off again.
 * Source: draft-ietf-opsawg-pcap (PCAP Capture File Format), with time stamps in nanoseconds.
 */
#include "devices/backends/pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAGIC_NS = 0xa1b23c4d, MAJOR = 2, MINOR = 4, SNAPLEN = 262144, LINK_ETHERNET = 1 };
#define SECOND 1000000000ull

struct file_header {
	u32 magic;
	u16 major, minor;
	u32 zone, accuracy, snaplen, link;
};

struct frame_header {
	u32 seconds, ns, captured, length;
};

static int cannot(const struct pcap *p, int code, struct err *err)
{
	return err_set(err, code, "pcap %.160s: %s", p->path, strerror(code));
}

int pcap_open(struct pcap *p, const char *path, i64 start, struct err *err)
{
	const struct file_header h = { MAGIC_NS, MAJOR, MINOR, 0, 0, SNAPLEN, LINK_ETHERNET };
	ssize_t done;

	*p = (struct pcap){ .fd = -1, .path = path, .base_ns = start > 0 ? (u64)start * SECOND : 0 };
	p->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
	if (p->fd < 0)
		return cannot(p, errno, err);
	done = write(p->fd, &h, sizeof(h));
	if (done == sizeof(h)) {
		p->size = sizeof(h);
		return 0;
	}
	int rc = cannot(p, done < 0 ? errno : ENOSPC, err);
	close(p->fd);
	p->fd = -1;
	return rc;
}

int pcap_frame(struct pcap *p, u64 now_ns, const u8 *frame, u32 len, struct err *err)
{
	u64 t = p->base_ns + now_ns;
	struct frame_header h = { (u32)(t / SECOND), (u32)(t % SECOND), len, len };
	struct iovec parts[] = { { &h, sizeof(h) }, { (void *)frame, len } };
	ssize_t want = (ssize_t)(sizeof(h) + len), done;

	if (p->fd < 0 || p->failed)
		return 0;
	do
		done = writev(p->fd, parts, ARRAY_LEN(parts));
	while (done < 0 && errno == EINTR);
	if (done == want) {
		p->size += (u64)want;
		return 0;
	}
	p->failed = true;
	int code = done < 0 ? errno : ENOSPC;
	if (ftruncate(p->fd, (off_t)p->size))
		return cannot(p, errno, err);
	return cannot(p, code, err);
}

int pcap_close(struct pcap *p, struct err *err)
{
	int rc = 0;

	if (p->fd >= 0 && close(p->fd))
		rc = cannot(p, errno, err);
	*p = (struct pcap){ .fd = -1 };
	return rc;
}
