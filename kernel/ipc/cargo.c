// SPDX-License-Identifier: GPL-2.0-only

#include "ipc.h"

#include <linux/skbuff.h>
#include <linux/string.h>

void ls_skb_release(struct ls_message *message)
{
	kfree_skb(ls_port_cargo(message));
}

void ls_skb_copy(const struct ls_message *message, void *to, u32 length)
{
	if (skb_copy_bits(ls_port_cargo(message), 0, to, length))
		memset(to, 0, length);
}

const struct ls_cargo_ops ls_skb_ops = {
	.release = ls_skb_release,
	.copy = ls_skb_copy,
};

static void ls_mark_release(struct ls_message *message)
{
}

static void ls_mark_copy(const struct ls_message *message, void *to, u32 length)
{
}

/* Which of the two it is says which mark. */
static const struct ls_cargo_ops ls_end_ops = {
	.release = ls_mark_release,
	.copy = ls_mark_copy,
	.sure = true,
	.mark = LS_CARGO_END,
};

static const struct ls_cargo_ops ls_reset_ops = {
	.release = ls_mark_release,
	.copy = ls_mark_copy,
	.sure = true,
	.mark = LS_CARGO_RESET,
};

const struct ls_cargo_ops *ls_cargo_marked(u8 mark)
{
	if (mark == LS_CARGO_END)
		return &ls_end_ops;
	return mark == LS_CARGO_RESET ? &ls_reset_ops : NULL;
}

enum ls_cargo ls_cargo_of(const struct ls_message *message)
{
	const struct ls_cargo_ops *held = ls_port_held(message);

	if (held == &ls_end_ops)
		return LS_CARGO_END;
	return held == &ls_reset_ops ? LS_CARGO_RESET : LS_CARGO_BYTES;
}

void ls_cargo_copy(struct ls_message *message, void *to)
{
	const struct ls_cargo_ops *held = ls_port_held(message);

	if (held)
		held->copy(message, to, ls_port_length(message));
	else
		memcpy(to, ls_port_data(message), ls_port_length(message));
}

struct ls_message *ls_cargo_skb(struct sk_buff *skb, const struct ls_cargo_ops *ops)
{
	struct ls_message *message = ls_port_message(skb->len, skb, GFP_ATOMIC);

	if (message)
		ls_port_holds(message, ops);
	return message;
}

struct ls_message *ls_cargo_mark(enum ls_cargo mark)
{
	struct ls_message *message = ls_port_message(0, NULL, GFP_ATOMIC);

	if (message)
		ls_port_holds(message, mark == LS_CARGO_END ? &ls_end_ops : &ls_reset_ops);
	return message;
}
