// SPDX-License-Identifier: Apache-2.0

#include "device.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"

/* One that was taken, and not done yet. */
struct work {
	struct work *next;
	struct request request;
	struct iovec part[];
};

void device_begin(struct device *device)
{
	memset(device, 0, sizeof(*device));
	device->image.file = -1;
	device->ring.kick = -1;
	device->ring.call = -1;
	device->tokens.to = -1;
	device->tokens.from = -1;
}

void device_end(struct device *device)
{
	memory_forget(&device->memory);
	if (device->ring.kick >= 0)
		close(device->ring.kick);
	if (device->ring.call >= 0)
		close(device->ring.call);
}

static void complete(struct device *device, uint16_t head)
{
	device->pending[head].busy = false;
	ring_give(&device->ring, head, device->pending[head].given);
}

void device_complete(struct device *device)
{
	unsigned int head;

	for (head = 0; head < RING_MAX; head++)
		if (device->pending[head].busy)
			complete(device, head);
}

/* Its token first: what it takes to be done is no part of when it was sent. */
static bool accept(struct device *device, const struct request *request)
{
	struct pending *pending = &device->pending[request->head];

	if (pending->busy)
		return complain("ring: a request is there that is under way already");
	*pending = (struct pending){ .busy = true, .waits = tokens_count(&device->tokens) };
	/* Where the link is gone its end is read, too, and completes all. */
	if (pending->waits)
		tokens_send(&device->tokens, request->head, request->bytes, &pending->number);
	return true;
}

static struct work *work_of(const struct chain *chain)
{
	const unsigned int parts = chain->out + chain->in;
	struct work *work = malloc(sizeof(*work) + parts * sizeof(work->part[0]));
	struct chain own = *chain;

	if (!work) {
		complain("no memory for a request");
		return NULL;
	}
	work->next = NULL;
	memcpy(work->part, chain->part, parts * sizeof(work->part[0]));
	own.part = work->part;
	if (request_read(&work->request, &own))
		return work;
	free(work);
	return NULL;
}

static bool take_all(struct device *device, struct work **last)
{
	struct chain chain = { .part = device->scratch };
	enum ring_taken taken;

	while ((taken = ring_take(&device->ring, &device->memory, &chain)) == RING_TAKEN) {
		*last = work_of(&chain);
		if (!*last || !accept(device, &(*last)->request))
			return false;
		last = &(*last)->next;
	}
	return taken == RING_EMPTY;
}

static void do_all(struct device *device, struct work *work)
{
	while (work) {
		struct work *next = work->next;
		struct pending *pending = &device->pending[work->request.head];

		pending->given = request_do(&work->request, &device->image);
		if (!pending->waits)
			complete(device, work->request.head);
		free(work);
		work = next;
	}
}

bool device_look(struct device *device)
{
	struct work *works = NULL;
	bool ok;

	if (!ring_runs(&device->ring))
		return true;
	ok = take_all(device, &works);
	do_all(device, works);
	return ok;
}

void device_tokens(struct device *device)
{
	enum token_taken taken;
	struct token token;

	while ((taken = tokens_take(&device->tokens, &token)) == TOKEN_TAKEN) {
		const struct pending *pending = &device->pending[token.head % RING_MAX];

		/* The ring may have been stopped since it was sent, and begun anew. */
		if (pending->busy && pending->waits && pending->number == token.number)
			complete(device, token.head % RING_MAX);
	}
	if (taken == TOKEN_GONE)
		device_complete(device);
}
