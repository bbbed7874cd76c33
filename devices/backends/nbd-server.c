/* SPDX-License-Identifier: GPL-3.0-or-later
 * nbd-server.c - start qemu-nbd with a listening socket (sd_listen_fds(3): descriptor 3), and end it.
 * Rule: we are connected before it starts, so it ends whenever we are gone, however we went.
 */
#include "devices/backends/nbd-server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LISTEN_FD = 3, PATIENCE_MS = 2000, NOT_FOUND = 127 /* of sh */ };

extern char **environ;

/* ---- starting ---- */

/* A listening socket and one connected to it.  In between it has a name, in a folder only we can enter. */
static int make_sockets(int *listener, int *client, struct err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char folder[] = "/tmp/vitrine-XXXXXX";
	int rc = 0;

	if (!mkdtemp(folder))
		return err_set(err, errno, "qemu-nbd: no folder for its socket in /tmp: %s", strerror(errno));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/nbd", folder);
	*listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*listener < 0 || *client < 0 || bind(*listener, (struct sockaddr *)&a, sizeof(a)) || listen(*listener, 1) ||
	    connect(*client, (struct sockaddr *)&a, sizeof(a)))
		rc = err_set(err, errno, "qemu-nbd: no socket for it: %s", strerror(errno));
	unlink(a.sun_path);
	rmdir(folder);
	return rc;
}

/* Its own process group: Ctrl-C at the terminal is our affair. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, usual;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGXFSZ);
	posix_spawnattr_setpgroup(attr, 0);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &usual);
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(struct nbd_server *s, int listener, int words, const char *const *argv, struct err *err)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int code;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&files, words, 2);
	posix_spawn_file_actions_adddup2(&files, listener, LISTEN_FD);
	code = set_attributes(&attr);
	if (!code)
		code = posix_spawnp(&s->pid, argv[0], &files, &attr, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (!code)
		return 0;
	s->pid = 0;
	return err_set(err, code, "qemu-nbd: cannot start it: %s", strerror(code));
}

int nbd_server_start(struct nbd_server *s, const char *path, const char *format, bool writable, struct err *err)
{
	/* The receiver of descriptors wants its own process number in the environment, which only it knows. */
	const char *const argv[] = { "sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec qemu-nbd \"$@\"", "sh", "--format", format,
				     "--export-name=", writable ? "--cache=writeback" : "--read-only", "--", path, NULL };
	int listener = -1, words[2] = { -1, -1 }, rc;

	*s = (struct nbd_server){ .socket = -1, .words = -1 };
	rc = make_sockets(&listener, &s->socket, err);
	if (!rc && pipe2(words, O_CLOEXEC | O_NONBLOCK)) /* a pipe nobody reads must not stop it */
		rc = err_set(err, errno, "qemu-nbd: no pipe for it: %s", strerror(errno));
	s->words = words[0];
	if (!rc)
		rc = spawn(s, listener, words[1], argv, err);
	if (listener >= 0)
		close(listener);
	if (words[1] >= 0)
		close(words[1]);
	return rc;
}

/* ---- its end ---- */

/* Read what it says until it ends.  False: it has not ended in time. */
static bool listen_to_the_end(struct nbd_server *s, char *text, size_t size)
{
	struct pollfd p = { .fd = s->words, .events = POLLIN };
	char buffer[256];
	size_t used = strlen(text);
	ssize_t n;

	for (;;) {
		int ready = poll(&p, 1, PATIENCE_MS);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;
		n = read(s->words, buffer, sizeof(buffer));
		if (n <= 0)
			return true;
		for (ssize_t i = 0; i < n && used + 1 < size; i++)
			text[used++] = buffer[i];
		text[used] = 0;
	}
}

/* Its exit status. */
static int end(struct nbd_server *s, char *text, size_t size)
{
	static const int harder[] = { SIGTERM, SIGKILL };
	int status = 0;

	if (s->socket >= 0)
		close(s->socket);
	s->socket = -1;
	for (size_t i = 0; i < ARRAY_LEN(harder) && !listen_to_the_end(s, text, size); i++)
		kill(s->pid, harder[i]);
	while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	s->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void nbd_server_last_words(struct nbd_server *s, const char *path, const char *format, struct err *err)
{
	char text[240] = "";
	const char *line = text;
	int status = end(s, text, sizeof(text));

	text[strcspn(text, "\n")] = 0;
	if (!strncmp(line, "qemu-nbd: ", 10))
		line += 10;
	if (status == NOT_FOUND)
		err_set(err, ENOENT, "disk %.120s: is a %s image, and there is no qemu-nbd to read it; install it (package "
			"qemu-utils), or 'qemu-img convert -O raw' it", path, format);
	else
		err_set(err, EIO, "disk %.80s: qemu-nbd: %s", path, *line ? line : "it ended without a word");
}

void nbd_server_stop(struct nbd_server *s)
{
	char text[2] = "";

	if (s->socket >= 0)
		close(s->socket);
	s->socket = -1;
	if (s->pid)
		end(s, text, sizeof(text));
	if (s->words >= 0)
		close(s->words);
	*s = (struct nbd_server){ .socket = -1, .words = -1 };
}
