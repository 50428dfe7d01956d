// SPDX-License-Identifier: GPL-2.0-only
/* What a transport may know of a message: transport.h says it. */

#include <linux/export.h>
#include <linux/mm.h>

#include "link.h"
#include "transport.h"

struct ls_message *ls_port_message(u32 length, void *cargo, gfp_t gfp)
{
	struct ls_message *message = kvmalloc(struct_size(message, data, cargo ? 0 : length), gfp);

	if (!message)
		return NULL;
	message->length = length;
	message->size = length;
	message->cargo = cargo;
	message->holds = NULL;
	return message;
}
EXPORT_SYMBOL_GPL(ls_port_message);

void ls_port_holds(struct ls_message *message, const struct ls_cargo_ops *ops)
{
	message->holds = ops;
}
EXPORT_SYMBOL_GPL(ls_port_holds);

const struct ls_cargo_ops *ls_port_held(const struct ls_message *message)
{
	return message->holds;
}
EXPORT_SYMBOL_GPL(ls_port_held);

void *ls_port_cargo(const struct ls_message *message)
{
	return message->cargo;
}
EXPORT_SYMBOL_GPL(ls_port_cargo);

void ls_port_size(struct ls_message *message, u32 size)
{
	message->size = size;
}
EXPORT_SYMBOL_GPL(ls_port_size);

u32 ls_port_length(const struct ls_message *message)
{
	return message->length;
}
EXPORT_SYMBOL_GPL(ls_port_length);

void *ls_port_data(struct ls_message *message)
{
	return message->data;
}
EXPORT_SYMBOL_GPL(ls_port_data);

void ls_port_free(struct ls_message *message)
{
	ls_message_free(message);
}
EXPORT_SYMBOL_GPL(ls_port_free);
