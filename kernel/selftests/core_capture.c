// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures of a link: a record for each message that is handed over, with its times to the
 * nanosecond, and for no other; what finds no room is counted and holds nothing up; readers may be
 * killed, links and sessions may go. One process is both components, without blocking.
 * Needs: livestack.ko loaded; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "capture.h"
#include "control.h"
#include "death.h"
#include "device.h"
#include "ktap.h"
#include "pair.h"

#define QUANTUM 10000
#define LATENCY 25000
#define NONE LIVESTACK_TIME_NONE
#define RING LIVESTACK_CAPTURE_RING_MIN
#define WHOLE LIVESTACK_MESSAGE_MAX

static uint8_t sent[LIVESTACK_MESSAGE_MAX], room[2 * RING] __attribute__((aligned(8)));

static bool begin(struct pair *pair)
{
	return pair_begin(pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
	       ktap_is(pair_step(pair, 0, 0), 0) && ktap_is(pair_step(pair, 1, NONE), EAGAIN);
}

/* @count messages of @length bytes go from 0 to 1, which takes all of them at *@arrival. */
static bool go(struct pair *pair, unsigned int count, size_t length, uint64_t *arrival)
{
	static uint8_t got[LIVESTACK_MESSAGE_MAX];
	struct livestack_recv recv;
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < count; i++)
		ok = ktap_is(device_send(pair->fd[0], PAIR_LINK, 0, sent, length, arrival), 0);
	ok = ok && ktap_is(pair_step(pair, 0, *arrival + 3), 0) &&
	     ktap_is(pair_step(pair, 1, NONE), 0) && pair->clock[1] == *arrival;
	for (i = 0; ok && i < count; i++)
		ok = ktap_is(device_recv(pair->fd[1], got, sizeof(got), &recv), 0);
	return ok;
}

/* The same, and 1 is idle again. */
static bool go_and_rest(struct pair *pair, unsigned int count, size_t length, uint64_t *arrival)
{
	return go(pair, count, length, arrival) && ktap_is(pair_step(pair, 1, NONE), EAGAIN);
}

/* 1 answers, and 0 takes that. */
static bool come(struct pair *pair, size_t length, uint64_t *arrival)
{
	struct livestack_recv recv;

	return ktap_is(device_send(pair->fd[1], PAIR_LINK, 0, sent, length, arrival), 0) &&
	       ktap_is(pair_step(pair, 1, NONE), EAGAIN) &&
	       ktap_is(pair_step(pair, 0, NONE), 0) && pair->clock[0] == *arrival &&
	       ktap_is(device_recv(pair->fd[0], room, sizeof(room), &recv), 0);
}

static bool is(const struct livestack_captured *record, uint32_t end, uint64_t arrival,
	       uint32_t length)
{
	if (record && record->link == PAIR_LINK && record->end == end &&
	    record->arrival_ns == arrival && record->send_ns == arrival - LATENCY &&
	    record->length == length)
		return true;
	ktap_note("no record of %u bytes to end %u at %lu", length, end, arrival);
	return false;
}

/* The one record that there is to be read. */
static bool single(int fd, uint32_t end, uint64_t arrival, uint32_t length, uint32_t captured,
		   uint64_t lost)
{
	const ssize_t done = capture_read(fd, room, sizeof(room));
	const uint8_t *at = room, *data;
	const struct livestack_captured *record = done > 0 ? capture_next(&at, room + done, &data) :
							    NULL;

	return is(record, end, arrival, length) && at == room + done &&
	       record->captured == captured && record->lost == lost &&
	       !memcmp(data, sent, captured);
}

static uint64_t counted(const struct pair *pair, int way, int count)
{
	static struct nl_answer answer;

	if (control_get_link(pair->session, PAIR_LINK, &answer))
		return NONE;
	return control_way(&answer, way, count);
}

static bool exact(void)
{
	const unsigned int count = ktap_count(500, 20000);
	struct pair pair;
	uint64_t there, back;
	bool ok = begin(&pair);
	int fd = capture_open(pair.session, PAIR_LINK, WHOLE, RING, O_NONBLOCK);
	unsigned int i;

	ok = ok && fd >= 0 && capture_read(fd, room, sizeof(room)) == -EAGAIN;
	for (i = 0; ok && i < count; i++) {
		const size_t length = i % 100 ? rand() % 2000 : WHOLE;

		memset(sent, i, sizeof(sent));
		ok = go(&pair, 1, length, &there) &&
		     single(fd, LIVESTACK_END_B, there, length, length, 0) &&
		     come(&pair, length / 2, &back) &&
		     single(fd, LIVESTACK_END_A, back, length / 2, length / 2, 0) &&
		     capture_read(fd, room, sizeof(room)) == -EAGAIN;
	}
	ok = ok && counted(&pair, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_CAPTURED) == count &&
	     counted(&pair, LIVESTACK_A_LINK_TO_A, LIVESTACK_A_DIRECTION_CAPTURED) == count;
	close(fd);
	return pair_end(&pair) && ok;
}

/* Of longer messages only so much; none at all is much enough for the times. */
static bool snapped(void)
{
	static const uint32_t snaps[] = { 0, 1, 16, 100 };
	struct pair pair;
	uint64_t arrival;
	unsigned int i;
	bool ok = begin(&pair);
	int fd;

	for (i = 0; ok && i < 4; i++) {
		fd = capture_open(pair.session, PAIR_LINK, snaps[i], RING, O_NONBLOCK);
		ok = fd >= 0 && go_and_rest(&pair, 1, 90, &arrival) &&
		     single(fd, LIVESTACK_END_B, arrival, 90, snaps[i] < 90 ? snaps[i] : 90, 0);
		close(fd);
	}
	return pair_end(&pair) && ok;
}

/* What is dropped on its way is not handed over. */
static bool dropped(void)
{
	struct pair pair;
	uint64_t arrival;
	bool ok = begin(&pair);
	int fd = capture_open(pair.session, PAIR_LINK, WHOLE, RING, O_NONBLOCK);

	ok = ok && ktap_is(device_send(pair.fd[0], PAIR_LINK, 0, "abc", 3, &arrival), 0);
	close(pair.fd[1]);
	pair.fd[1] = -1;
	ok = ok && counted(&pair, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_DROPPED) == 1 &&
	     capture_read(fd, room, sizeof(room)) == -EAGAIN;
	close(fd);
	return pair_end(&pair) && ok;
}

/* Records with a message until there is none; *@lost is what the last one says. */
static int64_t drain(int fd, size_t at_once, uint64_t *lost)
{
	const struct livestack_captured *record;
	const uint8_t *at, *data;
	int64_t messages = 0;
	ssize_t done;

	while ((done = capture_read(fd, room, at_once)) > 0) {
		at = room;
		while ((record = capture_next(&at, room + done, &data))) {
			if (record->lost > *lost)
				*lost = record->lost;
			if (record->arrival_ns == NONE)
				continue;
			if (memcmp(data, sent, record->captured))
				return -1;
			messages++;
		}
		if (at != room + done)
			return -1;
	}
	return done == -EAGAIN ? messages : -1;
}

#define LONG 60000 /* four of these fill the ring */
#define BURST 12

static bool slow(void)
{
	struct pair pair;
	uint64_t arrival, lost = 0;
	bool ok = begin(&pair);
	int fd = capture_open(pair.session, PAIR_LINK, WHOLE, RING, O_NONBLOCK);

	memset(sent, 0x5a, sizeof(sent));
	/* All of them are taken by their receiver, though nobody reads. */
	ok = ok && go_and_rest(&pair, BURST, LONG, &arrival) &&
	     counted(&pair, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_RECEIVED) == BURST &&
	     counted(&pair, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_CAPTURED) == 4 &&
	     counted(&pair, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_CAPTURE_LOST) == BURST - 4;
	ok = ok && drain(fd, sizeof(room), &lost) == 4 && lost == BURST - 4;
	/* Told once, without a message, and in each record that follows. */
	ok = ok && go_and_rest(&pair, 1, 10, &arrival) &&
	     single(fd, LIVESTACK_END_B, arrival, 10, 10, BURST - 4) &&
	     capture_read(fd, room, sizeof(room)) == -EAGAIN;
	close(fd);
	/* Who reads after this one knows nothing of it. */
	fd = capture_open(pair.session, PAIR_LINK, WHOLE, RING, O_NONBLOCK);
	ok = ok && go_and_rest(&pair, 1, 10, &arrival) &&
	     single(fd, LIVESTACK_END_B, arrival, 10, 10, 0);
	close(fd);
	return pair_end(&pair) && ok;
}

/* Records of any length begin anywhere in the ring, and are read in any portions. */
static bool wraps(void)
{
	const unsigned int rounds = ktap_count(300, 10000);
	struct pair pair;
	uint64_t arrival, lost = 0, received = 0;
	int64_t read = 0, some = 0;
	bool ok = begin(&pair);
	int fd = capture_open(pair.session, PAIR_LINK, WHOLE, RING + 1, O_NONBLOCK);
	unsigned int i;

	memset(sent, 0xa5, sizeof(sent));
	for (i = 0; ok && i < rounds; i++) {
		const unsigned int count = 1 + rand() % BURST;

		ok = go_and_rest(&pair, count, rand() % (i % 2 ? LONG : 200), &arrival);
		received += count;
		if (ok && rand() % 3 == 0)
			some = drain(fd, rand() % 2 ? sizeof(room) : WHOLE + 40, &lost);
		ok = ok && some >= 0;
		read += some;
		some = 0;
	}
	some = drain(fd, sizeof(room), &lost);
	ktap_note("read %ld of %lu, lost %lu", read + some, received, lost);
	ok = ok && some >= 0 && read + some + lost == received && lost > 0 &&
	     counted(&pair, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_CAPTURE_LOST) == lost;
	close(fd);
	return pair_end(&pair) && ok;
}

/* Readers that wait, at any moment of a session that goes on. */
static bool killed(void)
{
	const unsigned int kills = ktap_count(50, 2000);
	struct pair pair;
	uint64_t arrival;
	bool ok = begin(&pair);
	unsigned int i;
	pid_t child;
	int fd, said[2];
	char byte;

	ok = ok && !pipe(said);
	for (i = 0; ok && i < kills; i++) {
		child = spawn();
		if (!child) {
			fd = capture_open(pair.session, PAIR_LINK, WHOLE, RING, 0);
			if (fd < 0 || write(said[1], "", 1) != 1)
				_exit(1);
			while (capture_read(fd, room, sizeof(room)) > 0)
				;
			_exit(1);
		}
		ok = read(said[0], &byte, 1) == 1 && go_and_rest(&pair, BURST, 100, &arrival);
		usleep(rand() % 2000);
		ok = ok && capture_open(pair.session, PAIR_LINK, WHOLE, RING, 0) == -EBUSY;
		ok = slay(child) && ok && go_and_rest(&pair, 1, 100, &arrival);
	}
	/* The link is free for the next one. */
	fd = capture_open(pair.session, PAIR_LINK, WHOLE, RING, O_NONBLOCK);
	ok = ok && fd >= 0;
	close(fd);
	return pair_end(&pair) && ok;
}

struct reader {
	int fd;
	ssize_t done;
};

static void *reads(void *argument)
{
	struct reader *reader = argument;

	reader->done = capture_read(reader->fd, room, sizeof(room));
	return NULL;
}

static int polled(int fd, int wait_ms)
{
	struct pollfd file = { .fd = fd, .events = POLLIN };

	return poll(&file, 1, wait_ms) > 0 ? file.revents : 0;
}

/* Who waits in read is told of a message, and of the end. */
static bool waits(void)
{
	struct pair pair;
	bool ok = begin(&pair);
	struct reader reader = { capture_open(pair.session, PAIR_LINK, WHOLE, RING, 0), 0 };
	pthread_t thread;
	uint64_t arrival;

	ok = ok && ktap_is(polled(reader.fd, 0), 0) &&
	     !pthread_create(&thread, NULL, reads, &reader);
	usleep(50000);
	ok = ok && go_and_rest(&pair, 1, 24, &arrival) && !pthread_join(thread, NULL) &&
	     reader.done == sizeof(struct livestack_captured) + 24 &&
	     go_and_rest(&pair, 1, 24, &arrival) && ktap_is(polled(reader.fd, 0), POLLIN) &&
	     single(reader.fd, LIVESTACK_END_B, arrival, 24, 24, 0) &&
	     !pthread_create(&thread, NULL, reads, &reader);
	usleep(50000);
	ok = pair_end(&pair) && ok && !pthread_join(thread, NULL) && reader.done == 0 &&
	     ktap_is(polled(reader.fd, 0), POLLIN);
	close(reader.fd);
	return ok;
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(7);
	srand(SEED);
	ktap_ok(exact(), "a record for each message, both ways, with its times and its bytes");
	ktap_ok(snapped(), "of longer messages as much as was asked for");
	ktap_ok(dropped(), "none for a message that is dropped");
	ktap_ok(slow(), "what a slow reader loses is counted, and no message waits");
	ktap_ok(wraps(), "records of any length, read in any portions: read and lost are all");
	ktap_ok(killed(), "readers that are killed at any moment leave the link free");
	ktap_ok(waits(), "who waits is told of a message, and of the end");
	return ktap_end();
}
