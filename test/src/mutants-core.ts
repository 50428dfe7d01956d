// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { selftests } from "./mutants-which-test.js";

const EVERY = "every invariant that needs no VM is a property test over random schedules";
const EXACT = "a message is received at its arrival, to the nanosecond, in order";
const DEATH = "a process that dies while awaited: the session pauses, the event names it";
const BAD_INPUT = "bad input is refused, each with its sentence, and nothing is lost";

/** Bugs in messages and links. */
const messages: readonly Mutant[] = [
  {
    name: "a link has no latency",
    promise: EVERY,
    file: "kernel/core/way.c",
    find: "send_ns, message->size, latency_ns,\n",
    replace: "send_ns, message->size, latency_ns * 0,\n",
    command: selftests("core_random"),
  },
  {
    name: "a message is visible before its arrival",
    promise: EVERY,
    file: "kernel/core/message.c",
    find: "first->arrival_ns > component->member.clock_ns",
    replace: "false",
    command: selftests("core_random"),
  },
  {
    name: "messages of one arrival come as they were sent",
    promise: EVERY,
    file: "kernel/core/message.c",
    find: "\tif (a->source != b->source)\n\t\treturn a->source < b->source;\n",
    replace: "",
    command: selftests("core_message"),
  },
  {
    name: "a message is dropped and not counted",
    promise: EVERY,
    file: "kernel/core/way.c",
    find: "\tway->counts.dropped_bytes += length;\n",
    replace: "",
    command: selftests("core_random"),
  },
  {
    name: "a receiver that waits is not told of a message",
    promise: EVERY,
    file: "kernel/core/message.c",
    find: "ls_window_message(&session->window, &to->member, message->arrival_ns) &&",
    replace: "false &&",
    command: selftests("core_random"),
  },
  {
    name: "a queue has no end",
    promise: EVERY,
    file: "kernel/core/way.c",
    find: "LIVESTACK_MESSAGE_COST > message->queue_bytes",
    replace: "LIVESTACK_MESSAGE_COST > ~0U",
    command: selftests("core_message"),
  },
  {
    name: "a shorter latency holds in the window that is open",
    promise: EVERY,
    file: "kernel/core/way.c",
    find: "way->since < window->generation || window->released",
    replace: "way->earlier_ns != LS_TIME_NONE || way->since < window->generation",
    command: selftests("core_message"),
  },
  {
    name: "a strict session takes a latency below its quantum",
    promise: EVERY,
    file: "kernel/core/link.c",
    find: "return session->mode == LIVESTACK_MODE_STRICT &&",
    replace: "return false &&",
    command: selftests("core_message"),
  },
  {
    name: "a message that was overtaken is not counted as late",
    promise: EVERY,
    file: "kernel/core/message.c",
    find: "if (message->number >= component->known && !message->late)",
    replace: "if (false)",
    command: selftests("core_mode"),
  },
  {
    name: "a component's clock is past the arrival of what it receives",
    promise: EXACT,
    file: "kernel/core/message.c",
    find: "return first ? first->arrival_ns : LS_TIME_NONE;",
    replace: "return first ? first->arrival_ns + 1 : LS_TIME_NONE;",
    command: selftests("core_exact"),
  },
  {
    name: "what one source sends for one instant comes in reverse",
    promise: EXACT,
    file: "kernel/core/message.c",
    find: "return a->sequence < b->sequence;",
    replace: "return a->sequence > b->sequence;",
    command: selftests("core_exact"),
  },
  {
    name: "a message that does not fit is lost",
    promise: BAD_INPUT,
    file: "kernel/core/call.c",
    find: "if (room >= message->length)",
    replace: "if (message)",
    command: selftests("core_message"),
  },
];

/** Bugs in sessions and components. */
const sessions: readonly Mutant[] = [
  {
    name: "a death is taken for a leave",
    promise: DEATH,
    file: "kernel/core/chardev.c",
    find: "current->flags & PF_EXITING",
    replace: "false",
    command: selftests("core_model"),
  },
  {
    name: "nobody hears that a session has paused",
    promise: DEATH,
    file: "kernel/core/session.c",
    find: "\tschedule_work(&session->changed);\n",
    replace: "",
    command: selftests("core_model"),
  },
  {
    name: "a death does not release although it should",
    promise: DEATH,
    file: "kernel/core/session.c",
    find: "session->on_loss == LIVESTACK_ON_LOSS_PAUSE",
    replace: "true",
    command: selftests("core_mode"),
  },
  {
    name: "an overshoot above the slack goes by",
    promise: EVERY,
    file: "kernel/core/component.c",
    find: "overshoot_ns > ls_session_slack(session)",
    replace: "false",
    command: selftests("core_mode"),
  },
  {
    name: "a component is deleted under who has joined as it",
    promise: BAD_INPUT,
    file: "kernel/core/component.c",
    find: "\tif (component->pid)\n\t\treturn -EBUSY;\n\tif (component->links)",
    replace: "\tif (component->links)",
    command: selftests("core_bad"),
  },
  {
    name: "a name may have control characters",
    promise: BAD_INPUT,
    file: "kernel/core/object_nl.c",
    find: "if (*name < ' ' || *name > '~')",
    replace: "if (*name > '~')",
    command: selftests("core_bad"),
  },
  {
    name: "a dump takes any version of the family",
    promise: BAD_INPUT,
    file: "kernel/core/object_nl.c",
    find: "header->version != LIVESTACK_FAMILY_VERSION",
    replace: "false",
    command: selftests("core_bad"),
  },
  {
    name: "poll is not told that it is the component's turn",
    promise: EVERY,
    file: "kernel/core/session.c",
    find: "\t\tirq_work_queue(&component->poll_work);",
    replace: "\t\t(void)component;",
    command: selftests("core_call"),
  },
];

const CLOCK = "the clock: no reader sees it go back, it stands at the window's end";
const SELECTED = "a host that selects the clocksource follows simulated time";

/** Bugs in the clock and its front ends. */
const clocks: readonly Mutant[] = [
  {
    name: "the clock is not stopped",
    promise: CLOCK,
    file: "kernel/core/session.c",
    find: "\t\tls_clock_stop(&session->clock);",
    replace: "\t\t(void)session;",
    command: selftests("core_clock"),
  },
  {
    name: "the clock goes past the window's end",
    promise: CLOCK,
    file: "kernel/core/clock.c",
    find: "return now < snapshot->end_ns ? now : snapshot->end_ns;",
    replace: "return now;",
    command: selftests("core_clock"),
  },
  {
    name: "the clock page can be made writable",
    promise: BAD_INPUT,
    file: "kernel/core/observe.c",
    find: "\tvm_flags_clear(vma, VM_MAYWRITE | VM_MAYEXEC);\n",
    replace: "",
    command: selftests("core_clock"),
  },
  {
    name: "the host's clock does not follow its session's",
    promise: SELECTED,
    file: "kernel/core/clocksource.c",
    find: "\tls_clock_follow(&ls_host, &session->clock, ls_host_ahead_ns);\n\tif",
    replace: "\tif",
    command: selftests("core_clocksource"),
  },
];

export const coreMutants: readonly Mutant[] = [...messages, ...sessions, ...clocks];
