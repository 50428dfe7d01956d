// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every request of livestack.yaml with every attribute missing, of a wrong size or type, out of
 * range, unknown, cut off or there twice: each is refused with its error, place and sentence, and
 * nothing has changed. What is sent follows from the spec, so a verb that is added is attacked too;
 * one that is not accepted as attack_spec.c makes it wants a row there.
 *
 * Needs: livestack.ko loaded; root.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attack_spec.h"
#include "control.h"
#include "ktap.h"

#define STATE_MAX 65536

/* There are no machines, ports and other hosts here, for which requests about them are refused. */
static int without_others(const struct spec_op *op, bool dump)
{
	int error = 0;

	if (op->command == LIVESTACK_CMD_COMPONENT_ATTACH)
		error = EINVAL; /* a modelled component */
	else if (op->command == LIVESTACK_CMD_COMPONENT_DETACH)
		error = ENOTCONN;
	else if (op->command == LIVESTACK_CMD_VCPU_GET && !dump)
		error = ENOENT;
	else if (op->command == LIVESTACK_CMD_PORT_NEW)
		error = EOPNOTSUPP;
	else if (op->command == LIVESTACK_CMD_PORT_DEL ||
		 (op->command == LIVESTACK_CMD_PORT_GET && !dump))
		error = ENOENT;
	else if (op->command == LIVESTACK_CMD_SYNC_NEW)
		error = EOPNOTSUPP;
	else if (op->command == LIVESTACK_CMD_PEER_SET ||
		 ((op->command == LIVESTACK_CMD_SYNC_GET ||
		   op->command == LIVESTACK_CMD_PEER_GET) && !dump))
		error = ENOTCONN;
	return error;
}

/*
 * A loop has ends that no other link has, and only remote components have a host: ipc_loop and
 * sync_bad have what is refused of those.
 */
static bool is_asked(const struct spec_op *op, const struct spec_attribute *attribute, bool dump)
{
	return (attribute->flags & (dump ? SPEC_DUMP : SPEC_DO)) &&
	       !(op->command == LIVESTACK_CMD_LINK_NEW &&
		 attribute->number == LIVESTACK_A_LINK_LOOP) &&
	       !(op->command == LIVESTACK_CMD_COMPONENT_NEW &&
		 attribute->number == LIVESTACK_A_COMPONENT_HOST);
}

/* Else a request that is wrong in another way would seem refused for what was done to it. */
static bool accepted(const struct spec_op *op, bool dump)
{
	const int left = op->command == LIVESTACK_CMD_SESSION_DEL ? ENOENT : 0;
	uint32_t session = make_session();
	struct nl_message message;
	struct nl_answer answer;
	unsigned int i;
	int error;

	control_start(&message, op->command);
	if (dump)
		message.header.nlmsg_flags |= NLM_F_DUMP;
	for (i = 0; i < op->count; i++)
		if (is_asked(op, &op->attributes[i], dump))
			add_good(&message, op, &op->attributes[i]);
	error = control_ask(&message, &answer);
	if (error && error == without_others(op, dump))
		error = 0;
	if (error)
		ktap_note("error %d, \"%s\": correct it, or give attack_spec.c a good value",
			  error, answer.sentence ? answer.sentence : "");
	if (!error && op->command == LIVESTACK_CMD_SESSION_NEW)
		error = control_delete(nl_u32(&answer, LIVESTACK_A_SESSION_ID));
	return control_delete(session) == left && session && !error;
}

/* Calls @body with every form of every request that there is. */
static void each_form(void (*body)(const struct spec_op *op, bool dump))
{
	unsigned int i;

	for (i = 0; i < request_count; i++) {
		if (requests[i].flags & SPEC_DO)
			body(&requests[i], false);
		if (requests[i].flags & SPEC_DUMP)
			body(&requests[i], true);
	}
}

static unsigned int forms;

static void count_form(const struct spec_op *op, bool dump)
{
	(void)op;
	(void)dump;
	forms++;
}

static void accept_form(const struct spec_op *op, bool dump)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s: accepted as the spec has it", op->name,
		 dump ? " (dump)" : "");
	ktap_ok(accepted(op, dump), name);
}

static void refuse_form(const struct spec_op *op, bool dump)
{
	const unsigned int first = attack_count();
	const bool all = attack_op(op, dump);
	char name[128];

	if (!all)
		ktap_note("attack_spec.c has no attacks on an attribute's type: add them");
	snprintf(name, sizeof(name), "%s%s: %u attacks refused", op->name, dump ? " (dump)" : "",
		 attack_count() - first);
	ktap_ok(attack_once(first) && all, name);
}

/* Most often what gets as far as the module's own code: nothing else could leak there. */
static void all_again(void)
{
	const unsigned int own = ktap_count(100, 10000), all = ktap_count(5, 100);
	unsigned int bad = attack_all(own, true);

	bad += attack_all(all, false);
	ktap_note("%u attacks, %u rounds; what the module refuses: %u rounds; %u other answers",
		  attack_count(), all, own, bad);
	ktap_ok(bad == 0, "each is refused in the same way each time");
}

int main(void)
{
	static uint8_t none[STATE_MAX], before[STATE_MAX], after[STATE_MAX];
	size_t had_none, had, has;
	unsigned int first;
	uint32_t session;

	if (control_missing())
		return ktap_skip_all(control_missing());

	each_form(count_form);
	ktap_plan(2 * forms + 4);
	had_none = state_dump(none, sizeof(none));
	each_form(accept_form);

	session = make_session();
	had = state_dump(before, sizeof(before));
	each_form(refuse_form);
	first = attack_count();
	attack_commands();
	ktap_ok(attack_once(first), "numbers of no request, and dumps of what has none");
	all_again();
	has = state_dump(after, sizeof(after));
	ktap_ok(session && had > had_none && has == had && !memcmp(before, after, had),
		"dumps tell what they told before");
	ktap_ok(!control_delete(session) && state_dump(after, sizeof(after)) == had_none,
		"nothing is left");
	return ktap_end();
}
