// SPDX-License-Identifier: Apache-2.0

#include "tests.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guest.h"
#include "tap.h"

/* The link's two ends, which the kernel has. */
struct link {
	int out, in;
};

/* Nothing else may be where they are. */
static bool begin(struct guest *guest, struct link *link)
{
	bool ok = dup2(STDOUT_FILENO, TOKENS_OUT) >= 0 && dup2(STDOUT_FILENO, TOKENS_IN) >= 0;

	ok = guest_begin(guest) && ok && tokens_begin(&guest->device.tokens);
	link->out = dup(TOKENS_OUT);
	link->in = dup(TOKENS_IN);
	return ok;
}

static void end(struct guest *guest, const struct link *link)
{
	close(link->out);
	close(link->in);
	guest_end(guest);
}

static bool sent(const struct link *link, struct token *token)
{
	return recv(link->out, token, sizeof(*token), MSG_DONTWAIT) == sizeof(*token);
}

static bool comes_back(struct guest *guest, const struct link *link, const struct token *token)
{
	const bool ok = send(link->in, token, sizeof(*token), 0) == sizeof(*token);

	device_tokens(&guest->device);
	return ok;
}

static bool first(struct guest *guest, const struct link *link)
{
	struct token token;

	return TAP_IS(tokens_count(&guest->device.tokens), false) && sent(link, &token) &&
	       comes_back(guest, link, &token) &&
	       TAP_IS(tokens_count(&guest->device.tokens), true);
}

bool test_device_holds(void)
{
	static struct guest guest;
	struct token zero, four, other;
	struct link link;
	bool ok = begin(&guest, &link);

	/* Without a link yet nothing is held. */
	guest_ask(&guest, 8, VIRTIO_BLK_T_FLUSH, 0, 0);
	ok = ok && device_look(&guest.device) && TAP_IS(guest.used->idx, 1) &&
	     TAP_IS(guest_called(&guest), 1) && first(&guest, &link);
	guest_ask(&guest, 0, VIRTIO_BLK_T_OUT, 0, SECTOR);
	guest_ask(&guest, 4, VIRTIO_BLK_T_FLUSH, 0, 0);
	ok = ok && device_look(&guest.device) && sent(&link, &zero) && sent(&link, &four) &&
	     /* They are done, but the guest does not know. */
	     TAP_IS(guest_status(&guest, 0), VIRTIO_BLK_S_OK) && TAP_IS(guest.used->idx, 1) &&
	     TAP_IS(guest_called(&guest), 0);
	other = four;
	other.number += 100;
	ok = ok && comes_back(&guest, &link, &other) && TAP_IS(guest.used->idx, 1) &&
	     comes_back(&guest, &link, &four) && TAP_IS(guest.used->idx, 2) &&
	     TAP_IS(guest.used->ring[1].id, 4) && TAP_IS(guest_called(&guest), 1) &&
	     comes_back(&guest, &link, &four) && TAP_IS(guest.used->idx, 2) &&
	     comes_back(&guest, &link, &zero) && TAP_IS(guest.used->idx, 3) &&
	     TAP_IS(guest.used->ring[2].id, 0) && TAP_IS(guest_called(&guest), 1);
	end(&guest, &link);
	return ok;
}

bool test_device_sizes(void)
{
	static const struct {
		uint32_t type, bytes, size;
	} cases[] = {
		{ VIRTIO_BLK_T_OUT, 4 * SECTOR, 4 * SECTOR },
		{ VIRTIO_BLK_T_IN, 2 * SECTOR, 2 * SECTOR },
		{ VIRTIO_BLK_T_FLUSH, 0, 0 },
		{ VIRTIO_BLK_T_GET_ID, 20, 0 },
	};
	static struct guest guest;
	struct token token;
	struct link link;
	unsigned int i;
	bool ok = begin(&guest, &link) && first(&guest, &link);

	for (i = 0; ok && i < sizeof(cases) / sizeof(cases[0]); i++) {
		guest_ask(&guest, 0, cases[i].type, 0, cases[i].bytes);
		ok = device_look(&guest.device) && sent(&link, &token) &&
		     TAP_IS(ntohl(token.size), cases[i].size) &&
		     comes_back(&guest, &link, &token) && TAP_IS(guest.used->idx, i + 1);
	}
	end(&guest, &link);
	return ok;
}

bool test_device_gone(void)
{
	static struct guest guest;
	struct link link;
	bool ok = begin(&guest, &link) && first(&guest, &link);

	guest_ask(&guest, 0, VIRTIO_BLK_T_FLUSH, 0, 0);
	guest_ask(&guest, 4, VIRTIO_BLK_T_FLUSH, 0, 0);
	ok = ok && device_look(&guest.device) && TAP_IS(guest.used->idx, 0);
	close(link.out);
	close(link.in);
	device_tokens(&guest.device);
	ok = ok && TAP_IS(guest.used->idx, 2);
	guest_ask(&guest, 8, VIRTIO_BLK_T_FLUSH, 0, 0);
	ok = ok && device_look(&guest.device) && TAP_IS(guest.used->idx, 3);
	guest_end(&guest);
	return ok;
}
