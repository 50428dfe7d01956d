// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets are sealed by ChaCha20-Poly1305 (RFC 8439 as the kernel's library has it): the header is
 * associated data, the packet's counter the nonce. Each direction between two instances has its own
 * key, BLAKE2s under the session's of who sends to whom, so that no nonce is ever used twice with
 * one, and a packet of one direction, session or life is nothing in another.
 */

#include "hub.h"

#include <crypto/blake2s.h>
#include <linux/string.h>
#include <linux/unaligned.h>

static void ls_seal_key(const struct ls_hub *hub, u16 from, u64 from_instance, u16 to,
			u64 to_instance, struct ls_hub_key *key)
{
	static const char label[] = "livestack sync 1";
	u8 name[sizeof(label) + 16 + 2 * (sizeof(u16) + sizeof(u64))], *at = name;

	memcpy(at, label, sizeof(label));
	at += sizeof(label);
	memcpy(at, hub->sync.config.session, 16);
	at += 16;
	put_unaligned_be16(from, at);
	put_unaligned_be16(to, at + 2);
	put_unaligned_be64(from_instance, at + 4);
	put_unaligned_be64(to_instance, at + 12);
	blake2s(key->bytes, name, hub->request.key, sizeof(key->bytes), sizeof(name),
		sizeof(hub->request.key));
}

void ls_hub_derive(struct ls_hub *hub, u16 host, u64 instance)
{
	const u64 own = hub->sync.config.instance;
	const u16 self = hub->request.host;

	ls_seal_key(hub, self, own, host, instance, &hub->peers[host].out);
	ls_seal_key(hub, host, instance, self, own, &hub->peers[host].in);
}

size_t ls_hub_seal(const struct ls_hub_peer *peer, u8 *packet, size_t length, u64 counter)
{
	u8 *body = packet + LS_SYNC_HEADER;

	chacha20poly1305_encrypt(body, body, length - LS_SYNC_HEADER, packet, LS_SYNC_HEADER,
				 counter, peer->out.bytes);
	return length + CHACHA20POLY1305_AUTHTAG_SIZE;
}

bool ls_hub_unseal(const struct ls_hub_peer *peer, const u8 *packet, size_t length, u64 counter,
		   u8 *body)
{
	return chacha20poly1305_decrypt(body, packet + LS_SYNC_HEADER, length - LS_SYNC_HEADER,
					packet, LS_SYNC_HEADER, counter, peer->in.bytes);
}
