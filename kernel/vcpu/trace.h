/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the group livestack that tell what gates do. Ticks are those of the guest's
 * time-stamp counter since its machine was attached.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM livestack_vcpu

#if !defined(_LS_VCPU_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _LS_VCPU_TRACE_H

#include <linux/tracepoint.h>

#include "gate.h"
#include "machine.h"

DECLARE_EVENT_CLASS(ls_vcpu,
	TP_PROTO(const struct ls_gate *gate, u64 ticks, u64 other),
	TP_ARGS(gate, ticks, other),
	TP_STRUCT__entry(
		__field(u32, session)
		__field(u16, component)
		__field(u16, vcpu)
		__field(u64, ticks)
		__field(u64, other)
		__field(u64, base)
	),
	TP_fast_assign(
		__entry->session = gate->machine->session_id;
		__entry->component = gate->machine->id;
		__entry->vcpu = gate->id;
		__entry->ticks = ticks;
		__entry->other = other;
		__entry->base = gate->base;
	),
	TP_printk("session=%u component=%u vcpu=%u ticks=%llu other=%llu base=%llu",
		  __entry->session, __entry->component, __entry->vcpu, __entry->ticks,
		  __entry->other, __entry->base)
);

/* Its clock stands at ticks; its window ends at other. */
DEFINE_EVENT(ls_vcpu, ls_vcpu_stop,
	TP_PROTO(const struct ls_gate *gate, u64 ticks, u64 other),
	TP_ARGS(gate, ticks, other)
);

/* It goes on: its clock stood at ticks and shows other. */
DEFINE_EVENT(ls_vcpu, ls_vcpu_enter,
	TP_PROTO(const struct ls_gate *gate, u64 ticks, u64 other),
	TP_ARGS(gate, ticks, other)
);

#endif /* _LS_VCPU_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
