// SPDX-License-Identifier: GPL-2.0-only
/* What decides what happens next in sync_few.c, and nothing else, as two numbers. */
#include <stdlib.h>

#include "agree_explore.h"

static void add(struct few_key *key, u64 value)
{
	key->hash[0] = (key->hash[0] ^ value) * 0x9e3779b97f4a7c15ULL;
	key->hash[0] ^= key->hash[0] >> 32;
	key->hash[1] = (key->hash[1] + value) * 0xbf58476d1ce4e5b9ULL;
	key->hash[1] ^= key->hash[1] >> 29;
}

static void add_decision(struct few_key *key, const struct ls_sync_decision *decision)
{
	add(key, decision->round);
	add(key, decision->start_ns);
	add(key, decision->end_ns);
	add(key, decision->outcome | decision->why << 8 | (u64)decision->who << 16);
}

static void add_report(struct few_key *key, const struct ls_sync_report *report)
{
	add(key, report->round);
	add(key, report->next_ns);
	add(key, report->sent);
	add(key, report->covers | report->wishes << 8 | (u64)report->who << 16);
}

/* The bytes in a stream follow from their numbers. Who was heard when says nothing here. */
static void add_peer(struct few_key *key, const struct ls_sync_peer *peer)
{
	const struct ls_sync_stream *stream = &peer->stream;

	add(key, stream->sent | stream->acked << 8 | stream->acked_more << 16 |
		 stream->due << 24 | stream->received << 32 | stream->kept << 40);
	add_report(key, &peer->report[0]);
	add_report(key, &peer->report[1]);
	add(key, peer->counted[0] | peer->counted[1] << 8);
	add_decision(key, &peer->decided);
	add(key, peer->said | peer->have << 32);
	add(key, (peer->ask_at_ns != LS_TIME_NONE) | (peer->receipt_at_ns != LS_TIME_NONE) << 1);
}

static void add_host(struct few_key *key, const struct few_host *host)
{
	const struct ls_sync *sync = &host->sync;
	u32 i;

	add_decision(key, &sync->decision);
	add(key, sync->phase | sync->passed_on << 8 | sync->wishes << 9 | sync->members << 16 |
		 sync->parting << 32 | sync->dirty << 40 | sync->ask << 48);
	add(key, sync->next_ns);
	add(key, sync->moving_ns);
	for (i = 0; i < few.hosts; i++)
		add_peer(key, &host->peer[i]);
}

static int compare(const void *a, const void *b)
{
	const struct few_key *x = a, *y = b;

	return x->hash[0] < y->hash[0] ? -1 : x->hash[0] > y->hash[0];
}

/* Counters say only whether a packet will be taken: all that fly are within the span. */
static struct few_key key_of_packet(const struct few_packet *packet)
{
	struct few_key key = { { 1, 2 } };
	struct ls_sync_header header;
	u32 i;

	ls_sync_decode_header(packet->bytes, packet->length, &header);
	add(&key, packet->from | packet->to << 8 |
		  ls_sync_replay_fresh(&few.host[packet->to].peer[packet->from].replay,
				       header.counter) << 16);
	for (i = LS_SYNC_HEADER; i < packet->length; i++)
		add(&key, packet->bytes[i]);
	return key;
}

struct few_key few_key(void)
{
	struct few_key key = { { 3, 4 } }, packet[FLIGHT];
	u32 i;

	for (i = 0; i < few.hosts; i++)
		add_host(&key, &few.host[i]);
	for (i = 0; i < few.flying; i++)
		packet[i] = key_of_packet(&few.flight[i]);
	/* Their order says nothing. */
	qsort(packet, few.flying, sizeof(packet[0]), compare);
	for (i = 0; i < few.flying; i++) {
		add(&key, packet[i].hash[0]);
		add(&key, packet[i].hash[1]);
	}
	add(&key, few.left.drops | few.left.doubles << 8 | few.left.timers << 16 |
		  few.left.wishes << 24 | (u64)few.left.wakes << 32);
	return key;
}
