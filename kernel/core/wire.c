// SPDX-License-Identifier: GPL-2.0-only

#include "wire.h"

#define LS_MILLION 1000000
#define LS_BIT_NS 1000000000ULL /* a bit at one bit a second */

/* splitmix64 by Sebastiano Vigna: any state is a good one, so that any seed is. */
static u64 ls_wire_draw(struct ls_wire *wire)
{
	u64 value = wire->random += 0x9e3779b97f4a7c15;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

/* From 0 to @most, each as likely as the others but for one part in 2^64 / @most. */
static u64 ls_wire_draw_to(struct ls_wire *wire, u64 most)
{
	return ((__uint128_t)ls_wire_draw(wire) * (most + 1)) >> 64;
}

void ls_wire_init(struct ls_wire *wire, u64 seed)
{
	*wire = (struct ls_wire){ .random = seed };
}

static struct ls_wire_waiter *ls_wire_waiter(const struct ls_wire *wire, u32 place)
{
	return &wire->ring[(wire->first + place) & (wire->room - 1)];
}

/* Those that the rate is through with at @now_ns wait no longer. */
static void ls_wire_pass(struct ls_wire *wire, u64 now_ns)
{
	const struct ls_wire_waiter *waiter;

	while (wire->waiting) {
		waiter = ls_wire_waiter(wire, 0);
		if (waiter->through_ns > now_ns)
			break;
		wire->waiting_bytes -= waiter->bytes;
		wire->waiting--;
		wire->first++;
	}
}

static bool ls_wire_is_full(const struct ls_wire *wire, u32 bytes)
{
	const struct ls_wire_config *config = &wire->config;

	return wire->waiting >= config->limit_packets || wire->waiting == wire->room ||
	       (config->limit_bytes && wire->waiting_bytes + bytes > config->limit_bytes);
}

/* What the rate takes for it, rounded up: the sum is never below what the rate allows. */
static u64 ls_wire_takes_ns(const struct ls_wire *wire, u32 bytes)
{
	const u64 rate = wire->config.rate_bps;

	return (bytes * 8ULL * LS_BIT_NS + rate - 1) / rate;
}

static u64 ls_wire_through(struct ls_wire *wire, u64 send_ns, u32 bytes)
{
	const u64 start_ns = send_ns > wire->busy_ns ? send_ns : wire->busy_ns;

	wire->busy_ns = start_ns + ls_wire_takes_ns(wire, bytes);
	*ls_wire_waiter(wire, wire->waiting++) = (struct ls_wire_waiter){
		.through_ns = wire->busy_ns,
		.bytes = bytes,
	};
	wire->waiting_bytes += bytes;
	return wire->busy_ns;
}

enum ls_wire_fate ls_wire_carry(struct ls_wire *wire, u64 send_ns, u32 bytes, u64 latency_ns,
				u64 *arrival_ns)
{
	const struct ls_wire_config *config = &wire->config;
	const bool lost = ls_wire_draw_to(wire, LS_MILLION - 1) < config->loss_ppm;
	const u64 jitter_ns = ls_wire_draw_to(wire, config->jitter_ns);
	u64 through_ns = send_ns;

	if (config->down)
		return LS_WIRE_DOWN;
	if (config->mtu && bytes > config->mtu + wire->header)
		return LS_WIRE_MTU;
	if (config->rate_bps) {
		ls_wire_pass(wire, send_ns);
		if (ls_wire_is_full(wire, bytes))
			return LS_WIRE_LIMIT;
		through_ns = ls_wire_through(wire, send_ns, bytes);
	}
	/* It has taken its time on the wire all the same. */
	if (lost)
		return LS_WIRE_LOSS;
	*arrival_ns = through_ns + latency_ns + jitter_ns;
	if (*arrival_ns < wire->arrival_ns)
		*arrival_ns = wire->arrival_ns;
	wire->arrival_ns = *arrival_ns;
	return LS_WIRE_CARRIED;
}

u64 ls_wire_follow(struct ls_wire *wire, u64 send_ns, u64 latency_ns)
{
	if (wire->config.rate_bps && send_ns < wire->busy_ns)
		send_ns = wire->busy_ns;
	if (wire->arrival_ns < send_ns + latency_ns)
		wire->arrival_ns = send_ns + latency_ns;
	return wire->arrival_ns;
}

bool ls_wire_has_room(struct ls_wire *wire, u64 now_ns, u32 bytes)
{
	if (wire->config.down)
		return false;
	if (!wire->config.rate_bps)
		return true;
	ls_wire_pass(wire, now_ns);
	return !ls_wire_is_full(wire, bytes);
}

u32 ls_wire_piece(const struct ls_wire *wire, u32 most)
{
	const struct ls_wire_config *config = &wire->config;

	if (config->mtu && config->mtu + wire->header < most)
		most = config->mtu + wire->header;
	if (config->limit_bytes && config->limit_bytes < most)
		most = config->limit_bytes;
	return most;
}
