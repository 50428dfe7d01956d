/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the group livestack. Times are simulated, in ns; what a trace shows beside is the
 * host's own time.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM livestack

#if !defined(_LS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _LS_TRACE_H

#include <linux/tracepoint.h>

#include "link.h"
#include "session.h"

DECLARE_EVENT_CLASS(ls_window,
	TP_PROTO(const struct ls_session *session, u64 generation, u64 start_ns, u64 end_ns),
	TP_ARGS(session, generation, start_ns, end_ns),
	TP_STRUCT__entry(
		__field(u32, session)
		__field(u64, generation)
		__field(u64, start_ns)
		__field(u64, end_ns)
	),
	TP_fast_assign(
		__entry->session = session->id;
		__entry->generation = generation;
		__entry->start_ns = start_ns;
		__entry->end_ns = end_ns;
	),
	TP_printk("session=%u generation=%llu start_ns=%llu end_ns=%llu", __entry->session,
		  __entry->generation, __entry->start_ns, __entry->end_ns)
);

DEFINE_EVENT(ls_window, ls_window_open,
	TP_PROTO(const struct ls_session *session, u64 generation, u64 start_ns, u64 end_ns),
	TP_ARGS(session, generation, start_ns, end_ns)
);

/* All had arrived. */
DEFINE_EVENT(ls_window, ls_window_close,
	TP_PROTO(const struct ls_session *session, u64 generation, u64 start_ns, u64 end_ns),
	TP_ARGS(session, generation, start_ns, end_ns)
);

/* Nobody had anything to do from start_ns to end_ns. */
DEFINE_EVENT(ls_window, ls_skip,
	TP_PROTO(const struct ls_session *session, u64 generation, u64 start_ns, u64 end_ns),
	TP_ARGS(session, generation, start_ns, end_ns)
);

DECLARE_EVENT_CLASS(ls_component,
	TP_PROTO(const struct ls_component *component, u64 clock_ns, u64 next_ns),
	TP_ARGS(component, clock_ns, next_ns),
	TP_STRUCT__entry(
		__field(u32, session)
		__field(u16, component)
		__field(u64, clock_ns)
		__field(u64, next_ns)
	),
	TP_fast_assign(
		__entry->session = component->session->id;
		__entry->component = component->id;
		__entry->clock_ns = clock_ns;
		__entry->next_ns = next_ns;
	),
	TP_printk("session=%u component=%u clock_ns=%llu next_ns=%lld", __entry->session,
		  __entry->component, __entry->clock_ns, (s64)__entry->next_ns)
);

/* It has arrived and has something to do at next_ns, -1: nothing. */
DEFINE_EVENT(ls_component, ls_park,
	TP_PROTO(const struct ls_component *component, u64 clock_ns, u64 next_ns),
	TP_ARGS(component, clock_ns, next_ns)
);

/* It runs, from clock_ns until the window's end at next_ns. */
DEFINE_EVENT(ls_component, ls_release,
	TP_PROTO(const struct ls_component *component, u64 clock_ns, u64 next_ns),
	TP_ARGS(component, clock_ns, next_ns)
);

DECLARE_EVENT_CLASS(ls_message,
	TP_PROTO(const struct ls_component *to, const struct ls_message *message),
	TP_ARGS(to, message),
	TP_STRUCT__entry(
		__field(u32, session)
		__field(u16, link)
		__field(u16, source)
		__field(u16, to)
		__field(u32, length)
		__field(u64, sequence)
		__field(u64, send_ns)
		__field(u64, arrival_ns)
	),
	TP_fast_assign(
		__entry->session = to->session->id;
		__entry->link = message->link;
		__entry->source = message->source;
		__entry->to = to->id;
		__entry->length = message->length;
		__entry->sequence = message->sequence;
		__entry->send_ns = message->send_ns;
		__entry->arrival_ns = message->arrival_ns;
	),
	TP_printk("session=%u link=%u source=%u to=%u length=%u sequence=%llu send_ns=%llu arrival_ns=%llu",
		  __entry->session, __entry->link, __entry->source, __entry->to, __entry->length,
		  __entry->sequence, __entry->send_ns, __entry->arrival_ns)
);

DEFINE_EVENT(ls_message, ls_enqueue,
	TP_PROTO(const struct ls_component *to, const struct ls_message *message),
	TP_ARGS(to, message)
);

DEFINE_EVENT(ls_message, ls_deliver,
	TP_PROTO(const struct ls_component *to, const struct ls_message *message),
	TP_ARGS(to, message)
);

TRACE_EVENT(ls_late,
	TP_PROTO(const struct ls_component *to, const struct ls_message *message, u64 late_ns),
	TP_ARGS(to, message, late_ns),
	TP_STRUCT__entry(
		__field(u32, session)
		__field(u16, link)
		__field(u16, to)
		__field(u64, arrival_ns)
		__field(u64, late_ns)
	),
	TP_fast_assign(
		__entry->session = to->session->id;
		__entry->link = message->link;
		__entry->to = to->id;
		__entry->arrival_ns = message->arrival_ns;
		__entry->late_ns = late_ns;
	),
	TP_printk("session=%u link=%u to=%u arrival_ns=%llu late_ns=%llu", __entry->session,
		  __entry->link, __entry->to, __entry->arrival_ns, __entry->late_ns)
);

#endif /* _LS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
