// SPDX-License-Identifier: GPL-2.0-only
/*
 * How TCP connections that are joined by a link end: by one direction, broken off, with who used
 * them, with their ports, and with the module. Ends and resets arrive as bytes do.
 *
 * One process is both components, without blocking, so that every step is the test's own.
 * Needs: livestack.ko and livestack_ipc.ko loaded; root; the loopback; LS_MODULES, as run sets it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "ktap.h"
#include "port.h"
#include "stream.h"

static bool ends(enum stream_kind kind)
{
	struct stream stream;
	char bytes[8];
	bool ok = stream_begin(&stream, kind, 0);

	ok = ok && send(stream.a, "x", 1, 0) == 1 && !shutdown(stream.a, SHUT_WR) &&
	     stream_settles(stream.a) && stream_waits(&stream) &&
	     recv(stream.b, bytes, 1, 0) < 0 && errno == EAGAIN && stream_arrives(&stream) &&
	     stream_comes(stream.b) && recv(stream.b, bytes, 8, 0) == 1 &&
	     stream_comes(stream.b) && recv(stream.b, bytes, 8, 0) == 0;
	/* The other direction goes on, and ends, too. */
	ok = ok && send(stream.b, "yz", 2, 0) == 2 && !shutdown(stream.b, SHUT_WR) &&
	     stream_settles(stream.b) && stream_pass(&stream, 2 * STREAM_LATENCY, NULL, NULL) &&
	     stream_comes(stream.a) && recv(stream.a, bytes, 8, 0) == 2 &&
	     stream_comes(stream.a) && recv(stream.a, bytes, 8, 0) == 0;
	return stream_end(&stream) && ok;
}

/* Whether the other end sees a reset, which may take it a moment. */
static bool is_reset(int fd)
{
	char byte;
	ssize_t got;

	do
		got = stream_comes(fd) ? recv(fd, &byte, 1, 0) : 0;
	while (got > 0 || (got < 0 && errno == EAGAIN));
	return got < 0 && ktap_is(errno, ECONNRESET);
}

static bool resets(enum stream_kind kind)
{
	const struct linger at_once = { 1, 0 };
	struct stream stream;
	char byte;
	bool ok = stream_begin(&stream, kind, 0);

	ok = ok && !setsockopt(stream.a, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) &&
	     !close(stream.a);
	stream.a = -1;
	/* Nothing is left to ask when it was noticed. */
	usleep(100000);
	ok = ok && stream_waits(&stream) && recv(stream.b, &byte, 1, 0) < 0 && errno == EAGAIN &&
	     stream_arrives(&stream) && is_reset(stream.b);
	return stream_end(&stream) && ok;
}

/* The process at one end is killed, with bytes on their way to it and from it. */
static bool killed(void)
{
	const unsigned int count = ktap_count(20, 500);
	struct stream_flow flow = { .seed = 4, .all = 100000000 };
	struct stream stream;
	unsigned int i;
	bool ok = true;
	pid_t child;

	for (i = 0; ok && i < count; i++) {
		ok = stream_begin(&stream, i % 2 ? STREAM_TCP4 : STREAM_TCP6, 0);
		flow.from = stream.a;
		flow.to = stream.b;
		flow.given = 0;
		flow.taken = 0;
		fflush(stdout);
		child = ok ? fork() : -1;
		if (!child) {
			for (;; usleep(100))
				stream_give(&flow);
		}
		close(stream.a);
		stream.a = -1;
		if (i % 3)
			send(stream.b, "unread", 6, MSG_NOSIGNAL);
		usleep(i * 500);
		ok = ok && stream_pass(&stream, STREAM_LATENCY, NULL, NULL);
		if (child > 0) {
			kill(child, SIGKILL);
			waitpid(child, NULL, 0);
		}
		stream_take(&flow);
		ok = ok && stream_pass(&stream, 4 * STREAM_LATENCY, NULL, NULL);
		stream_take(&flow);
		ok = ok && !flow.wrong;
		ok = stream_end(&stream) && ok;
	}
	return ok;
}

/* Ports go while bytes are on their way. */
static bool closes(void)
{
	const unsigned int count = ktap_count(50, 1000);
	struct stream stream;
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < count; i++) {
		struct stream_flow flow = { .seed = i, .all = i % 4 ? i * 1000 : 5000000 };

		ok = stream_begin(&stream, i % 2 ? STREAM_TCP4 : STREAM_TCP6, 0);
		flow.from = stream.a;
		flow.to = stream.b;
		stream_give(&flow);
		if (i % 3 == 0)
			shutdown(stream.b, SHUT_RDWR);
		if (i % 5 == 0)
			ok = ok && stream_pass(&stream, 2 * STREAM_LATENCY, NULL, NULL);
		if (i % 7 == 0)
			ok = ok && !port_del(stream.pair.session, PAIR_LINK, LIVESTACK_END_B);
		ok = stream_end(&stream) && ok;
	}
	return ok;
}

static bool load(void)
{
	const char *modules = getenv("LS_MODULES");
	char path[512];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/ipc/livestack_ipc.ko", modules ? modules : "");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ok = fd >= 0 && !syscall(SYS_finit_module, fd, "", 0);
	if (!ok)
		ktap_note("%s: %s", path, strerror(errno));
	close(fd);
	return ok;
}

/* The module goes while two processes send, and their sockets are theirs again. */
static bool unloads(void)
{
	const unsigned int count = ktap_count(5, 100);
	struct stream_flow flow = { .seed = 5, .all = UINT64_MAX };
	struct stream stream;
	unsigned int i;
	bool ok = true;
	pid_t child;

	for (i = 0; ok && i < count; i++) {
		ok = stream_begin(&stream, i % 2 ? STREAM_TCP4 : STREAM_TCP6, 0);
		flow.from = i % 3 ? stream.a : stream.b;
		fflush(stdout);
		child = ok ? fork() : -1;
		if (!child) {
			for (;; usleep(100))
				stream_give(&flow);
		}
		ok = ok && stream_pass(&stream, 4 * STREAM_LATENCY, NULL, NULL) &&
		     ktap_is(syscall(SYS_delete_module, "livestack_ipc", 0) ? errno : 0, 0);
		if (child > 0) {
			kill(child, SIGKILL);
			waitpid(child, NULL, 0);
		}
		ok = load() && ok;
		ok = stream_end(&stream) && ok;
	}
	return ok;
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(7);
	stream_each(STREAM_TCP4, STREAM_TCP6, ends,
		    "the end of one direction arrives, and that of the other");
	stream_each(STREAM_TCP4, STREAM_TCP6, resets,
		    "a connection that is broken off is at the other end, when that arrives");
	ktap_ok(killed(), "a process that is killed leaves nothing that hangs");
	ktap_ok(closes(), "ports are closed with bytes on their way");
	ktap_ok(unloads(), "the module goes while bytes are sent");
	return ktap_end();
}
