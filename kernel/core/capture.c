// SPDX-License-Identifier: GPL-2.0-only

#include "capture.h"

#include <linux/irq_work.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "link.h"
#include "session.h"
#include "transport.h"

/* What a record's length is a multiple of, so that each begins where its fields may be read. */
#define LS_CAPTURE_ALIGN 8

/* The two ways over a link. */
enum { LS_CAPTURE_TO_A, LS_CAPTURE_TO_B, LS_CAPTURE_WAYS };

/*
 * The ring holds records one behind the other, none of them in two pieces: where one does not fit
 * before the ring's end a 0 in place of its size says that it is at the ring's beginning. @head and
 * @tail count bytes for ever, and the ring's size is a power of two.
 */
struct ls_capture {
	struct ls_link *link;	/* NULL once it has gone; under ls_table_lock */
	u16 link_id;
	u32 snap_bytes;
	u32 room;
	u8 *ring;
	/* Written under the session's lock: */
	u32 head;
	u64 lost[LS_CAPTURE_WAYS];
	/* Written by the reader: */
	u32 tail;
	u64 told[LS_CAPTURE_WAYS]; /* of those lost */
	bool ended;		/* nothing more will come */
	wait_queue_head_t readers;
	struct irq_work wake;	/* their queue's lock must not be taken under the session's */
};

static u32 ls_capture_size(u32 captured)
{
	BUILD_BUG_ON(sizeof(struct livestack_captured) % LS_CAPTURE_ALIGN);
	/* The longest finds room in an empty ring wherever that begins. */
	BUILD_BUG_ON(LIVESTACK_CAPTURE_RING_MIN <
		     2 * (sizeof(struct livestack_captured) + LIVESTACK_MESSAGE_MAX));
	return ALIGN(sizeof(struct livestack_captured) + captured, LS_CAPTURE_ALIGN);
}

static struct livestack_captured *ls_capture_at(const struct ls_capture *capture, u32 place)
{
	return (struct livestack_captured *)(capture->ring + (place & (capture->room - 1)));
}

/* To the ring's end. */
static u32 ls_capture_left(const struct ls_capture *capture, u32 place)
{
	return capture->room - (place & (capture->room - 1));
}

/* Room for a record of @size bytes, and where the ring's head is behind it; or NULL. */
static struct livestack_captured *ls_capture_reserve(const struct ls_capture *capture, u32 size,
						     u32 *head)
{
	const u32 left = ls_capture_left(capture, capture->head);
	const u32 place = capture->head + (size > left ? left : 0);
	/* Pairs with ls_capture_pass(): what was there has been read. */
	const u32 tail = smp_load_acquire(&capture->tail);

	if (place + size - tail > capture->room)
		return NULL;
	if (place != capture->head)
		ls_capture_at(capture, capture->head)->size = 0;
	*head = place + size;
	return ls_capture_at(capture, place);
}

static void ls_capture_fill(struct livestack_captured *record, const struct ls_message *message,
			    u32 size, u32 captured)
{
	u8 *payload = (u8 *)(record + 1);

	if (message->holds)
		message->holds->copy(message, payload, captured);
	else
		memcpy(payload, message->data, captured);
	memset(payload + captured, 0, size - sizeof(*record) - captured);
	record->size = size;
	record->link = message->link;
	record->arrival_ns = message->arrival_ns;
	record->send_ns = message->send_ns;
	record->length = message->length;
	record->captured = captured;
}

static u16 ls_capture_end_of(unsigned int way)
{
	return way == LS_CAPTURE_TO_B ? LIVESTACK_END_B : LIVESTACK_END_A;
}

void ls_capture_message(struct ls_capture *capture, const struct ls_message *message)
{
	const unsigned int way = message->way == &capture->link->to_b ? LS_CAPTURE_TO_B :
									 LS_CAPTURE_TO_A;
	const u32 captured = min(message->length, capture->snap_bytes);
	const u32 size = ls_capture_size(captured);
	struct livestack_captured *record;
	u32 head;

	lockdep_assert_held(&capture->link->session->lock);
	record = ls_capture_reserve(capture, size, &head);
	if (record) {
		ls_capture_fill(record, message, size, captured);
		record->end = ls_capture_end_of(way);
		record->lost = capture->lost[way];
		message->way->counts.captured++;
		/* Pairs with ls_capture_next(): it is whole before it is seen. */
		smp_store_release(&capture->head, head);
	} else {
		message->way->counts.capture_lost++;
		WRITE_ONCE(capture->lost[way], capture->lost[way] + 1);
	}
	/* Its barrier pairs with that of who goes to sleep: they see it, or are seen here. */
	if (wq_has_sleeper(&capture->readers))
		irq_work_queue(&capture->wake);
}

static void ls_capture_wake(struct irq_work *work)
{
	wake_up_interruptible(&container_of(work, struct ls_capture, wake)->readers);
}

/* The oldest record in the ring, or NULL: it is empty. */
static struct livestack_captured *ls_capture_next(const struct ls_capture *capture, u32 *place)
{
	struct livestack_captured *record;

	*place = capture->tail;
	/* Pairs with ls_capture_message(). */
	if (smp_load_acquire(&capture->head) == *place)
		return NULL;
	record = ls_capture_at(capture, *place);
	if (record->size)
		return record;
	*place += ls_capture_left(capture, *place);
	return ls_capture_at(capture, *place);
}

/* The reader has all of the ring that is before @tail. */
static void ls_capture_pass(struct ls_capture *capture, u32 tail)
{
	/* Pairs with ls_capture_reserve(). */
	smp_store_release(&capture->tail, tail);
}

/* A way of which more were lost than its reader knows. */
static bool ls_capture_untold(const struct ls_capture *capture, unsigned int *way)
{
	for (*way = 0; *way < LS_CAPTURE_WAYS; (*way)++)
		if (READ_ONCE(capture->lost[*way]) != capture->told[*way])
			return true;
	return false;
}

static bool ls_capture_ready(struct ls_capture *capture)
{
	unsigned int way;
	u32 place;

	/* Pairs with ls_capture_end(): all that came before is in the ring. */
	return smp_load_acquire(&capture->ended) || ls_capture_next(capture, &place) ||
	       ls_capture_untold(capture, &way);
}

/* 0: there is none; the bytes of the record that was copied out, or an error. */
static ssize_t ls_capture_read_record(struct ls_capture *capture, char __user *user, size_t count)
{
	const struct livestack_captured *record;
	unsigned int way;
	u32 place;

	record = ls_capture_next(capture, &place);
	if (!record)
		return 0;
	if (count < record->size)
		return -EMSGSIZE;
	if (copy_to_user(user, record, record->size))
		return -EFAULT;
	count = record->size;
	way = record->end == LIVESTACK_END_B ? LS_CAPTURE_TO_B : LS_CAPTURE_TO_A;
	/* It may have been told of later ones already, while the ring was empty. */
	capture->told[way] = max(capture->told[way], record->lost);
	ls_capture_pass(capture, place + count);
	return count;
}

/* What was lost after the last record: as above. */
static ssize_t ls_capture_read_loss(struct ls_capture *capture, char __user *user, size_t count)
{
	struct livestack_captured loss = {
		.size = sizeof(loss),
		.link = capture->link_id,
		.arrival_ns = LIVESTACK_TIME_NONE,
		.send_ns = LIVESTACK_TIME_NONE,
	};
	unsigned int way;

	if (!ls_capture_untold(capture, &way))
		return 0;
	if (count < sizeof(loss))
		return -EMSGSIZE;
	loss.end = ls_capture_end_of(way);
	loss.lost = READ_ONCE(capture->lost[way]);
	if (copy_to_user(user, &loss, sizeof(loss)))
		return -EFAULT;
	capture->told[way] = loss.lost;
	return sizeof(loss);
}

ssize_t ls_capture_read(struct ls_capture *capture, char __user *user, size_t count, bool nonblock)
{
	ssize_t done = 0, part;

	might_sleep();
	if (nonblock && !ls_capture_ready(capture))
		return -EAGAIN;
	if (wait_event_interruptible(capture->readers, ls_capture_ready(capture)))
		return -ERESTARTSYS;
	do {
		part = ls_capture_read_record(capture, user + done, count - done) ?:
		       ls_capture_read_loss(capture, user + done, count - done);
		if (part > 0)
			done += part;
		cond_resched();
	} while (part > 0);
	return done ?: part;
}

__poll_t ls_capture_poll(struct ls_capture *capture, struct file *file, poll_table *table)
{
	poll_wait(file, &capture->readers, table);
	return ls_capture_ready(capture) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void ls_capture_free(struct ls_capture *capture)
{
	kvfree(capture->ring);
	kfree(capture);
}

static struct ls_capture *ls_capture_new(u32 snap_bytes, u32 ring_bytes)
{
	struct ls_capture *capture = kzalloc(sizeof(*capture), GFP_KERNEL_ACCOUNT);

	if (!capture)
		return NULL;
	capture->snap_bytes = snap_bytes;
	capture->room = roundup_pow_of_two(ring_bytes);
	init_waitqueue_head(&capture->readers);
	init_irq_work(&capture->wake, ls_capture_wake);
	capture->ring = kvmalloc(capture->room, GFP_KERNEL_ACCOUNT);
	if (capture->ring)
		return capture;
	kfree(capture);
	return NULL;
}

/* Makes the link point to it, or to none. */
static void ls_capture_set(struct ls_link *link, struct ls_capture *capture)
{
	unsigned long flags;

	lockdep_assert_held(&ls_table_lock);
	raw_spin_lock_irqsave(&link->session->lock, flags);
	link->to_a.capture = capture;
	link->to_b.capture = capture;
	raw_spin_unlock_irqrestore(&link->session->lock, flags);
}

static int ls_capture_begin(struct ls_capture *capture, u32 session_id, u16 link_id)
{
	struct ls_session *session = xa_load(&ls_sessions, session_id);
	struct ls_link *link = session ? xa_load(&session->links, link_id) : NULL;

	if (!link)
		return -ENOENT;
	if (link->to_a.capture)
		return -EBUSY;
	capture->link = link;
	capture->link_id = link->id;
	ls_capture_set(link, capture);
	return 0;
}

struct ls_capture *ls_capture_open(const struct livestack_capture *request)
{
	struct ls_capture *capture;
	int err;

	might_sleep();
	if (request->reserved || request->snap_bytes > LIVESTACK_MESSAGE_MAX ||
	    request->ring_bytes < LIVESTACK_CAPTURE_RING_MIN ||
	    request->ring_bytes > LIVESTACK_CAPTURE_RING_MAX)
		return ERR_PTR(-EINVAL);
	capture = ls_capture_new(request->snap_bytes, request->ring_bytes);
	if (!capture)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&ls_table_lock);
	err = ls_capture_begin(capture, request->session, request->link);
	mutex_unlock(&ls_table_lock);
	if (!err)
		return capture;
	ls_capture_free(capture);
	return ERR_PTR(err);
}

void ls_capture_close(struct ls_capture *capture)
{
	might_sleep();
	mutex_lock(&ls_table_lock);
	if (capture->link)
		ls_capture_set(capture->link, NULL);
	mutex_unlock(&ls_table_lock);
	/* Nothing queues it any more. */
	irq_work_sync(&capture->wake);
	ls_capture_free(capture);
}

void ls_capture_end(struct ls_link *link)
{
	struct ls_capture *capture = link->to_a.capture;

	lockdep_assert_held(&ls_table_lock);
	if (!capture)
		return;
	ls_capture_set(link, NULL);
	capture->link = NULL;
	/* Pairs with ls_capture_ready(). It cannot be closed before ls_table_lock is released. */
	smp_store_release(&capture->ended, true);
	wake_up_interruptible(&capture->readers);
}
