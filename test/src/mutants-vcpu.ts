// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { exactSelftests, selftests } from "./mutants-which-test.js";

const CLOCK = "a guest's clock stands while it is parked, and goes as its session's";
const TIMER = "a guest's timers fire at their simulated time, neither early nor lost";
const QUIET = "idle time is skipped only when the VMM has nothing to do for its guest";
const EXITS = "what a vCPU spends in its VMM is no guest time";
const ATTACH = "what cannot be attached is refused, each with its sentence";
const DEATH = "whatever dies, the session pauses and no thread waits for ever";

const gate = "kernel/vcpu/gate.c";
const machine = "kernel/vcpu/machine.c";
const state = "kernel/vcpu/state.c";

/** Bugs in the gate. */
export const vcpuMutants: readonly Mutant[] = [
  {
    name: "the clock is not stopped in a park",
    promise: CLOCK,
    file: gate,
    find: "\t\tls_kvm_move_tsc(gate->vcpu, to - ls_gate_ticks(gate));\n\t}\n\tgate->kvm_ops",
    replace: "\t\t(void)to;\n\t}\n\tgate->kvm_ops",
    command: exactSelftests(),
  },
  {
    name: "the window's end does not stop a vCPU",
    promise: CLOCK,
    file: gate,
    find: "\tif (!free)\n\t\tls_gate_arm(gate, ticks);\n",
    replace: "\t(void)free;\n",
    command: exactSelftests(),
  },
  {
    name: "a window that is run through does not end",
    promise: CLOCK,
    file: state,
    find: "\tWRITE_ONCE(gate->clock, max(gate->clock, ticks));\n",
    replace: "\t(void)ticks;\n",
    command: selftests("vcpu_trace"),
  },
  {
    name: "the clock goes back to where the window ends",
    promise: CLOCK,
    file: state,
    find: "\tgate->state = LIVESTACK_VCPU_STATE_PARKED;\n\tmachine->running--;\n",
    replace:
      "\tgate->state = LIVESTACK_VCPU_STATE_PARKED;\n\tmachine->running--;\n\tWRITE_ONCE(gate->clock, machine->target);\n",
    command: selftests("vcpu_trace"),
  },
  {
    name: "a halted vCPU keeps its timer on the host's time",
    promise: TIMER,
    file: "kernel/vcpu/clock.c",
    find: "\tgate->held = deadline;\n\tls_kvm_set_deadline(gate->vcpu, 0);\n",
    replace: "\tgate->held = deadline;\n",
    command: selftests("vcpu_timer"),
  },
  {
    name: "a deadline is not written again after the clock was set",
    promise: TIMER,
    file: "kernel/vcpu/clock.c",
    find: "\tif (deadline)\n\t\tls_kvm_set_deadline(gate->vcpu, deadline);\n",
    replace: "\tif (deadline && !gate->held)\n\t\tls_kvm_set_deadline(gate->vcpu, deadline);\n",
    command: selftests("vcpu_timer"),
  },
  {
    name: "KVM has a deadline that has not come while the clock stands",
    promise: TIMER,
    file: "kernel/vcpu/gate.c",
    find: "ls_gate_deadline(gate, deadline) <= gate->clock;",
    replace: "true;",
    command: selftests("vcpu_timer"),
  },
  {
    name: "a guest's counter has come to its end after two hours",
    promise: "idle time costs nothing",
    file: machine,
    find: "mul_u64_u64_div_u64(LS_TIME_LIMIT, tsc_khz, NSEC_PER_MSEC))",
    replace: "LS_NEVER / NSEC_PER_MSEC)",
    command: selftests("vcpu_idle"),
  },
  {
    name: "idle time is gone through window by window",
    promise: "idle time costs nothing",
    file: machine,
    find: "ls_machine_ns(machine, stand.next)))\n",
    replace: "ls_machine_ns(machine, min(stand.next, machine->end))))\n",
    command: selftests("vcpu_idle"),
  },
  {
    name: "time is skipped while the VMM is at work",
    promise: QUIET,
    file: "kernel/vcpu/quiet.c",
    find: "\tif (!ls_quiet_look(machine, &switches)) {\n",
    replace: "\tif (!ls_quiet_look(machine, &switches) && false) {\n",
    command: selftests("vcpu_disk"),
  },
  {
    name: "time in the VMM is guest time",
    promise: EXITS,
    file: "kernel/vcpu/clock.c",
    find: "machine->exact ? 0 : ls_us_ticks(ls_charge_us)",
    replace: "machine->exact ? 0 : ls_us_ticks(1000000)",
    command: selftests("vcpu_exits"),
  },
  {
    name: "a window has no steps",
    promise: "vCPUs that have no processor each stay close to each other",
    file: machine,
    find: "step ? min(machine->end, from + step) : machine->end",
    replace: "step ? max(machine->end, from) : machine->end",
    command: selftests("vcpu_skew"),
  },
  {
    name: "a process that has got the VMM's number is attached",
    promise: ATTACH,
    file: "kernel/core/live.c",
    find: "\tif (ls_start_ticks(*leader) == start_ticks)\n",
    replace: "\tif (ls_start_ticks(*leader) || start_ticks)\n",
    command: selftests("vcpu_attach"),
  },
  {
    name: "a machine with a hypervisor in it is attached",
    promise: ATTACH,
    file: "kernel/vcpu/suit.c",
    find: "\tif (!nested && ls_unfit_nested.is(vcpu))\n",
    replace: "\tif (!nested && ls_unfit_nested.is(vcpu) && false)\n",
    command: selftests("vcpu_refuse"),
  },
  {
    name: "nobody is told that a VMM has ended",
    promise: DEATH,
    file: "kernel/vcpu/attach.c",
    find: "\tls_live_gone(container_of(notifier, struct ls_machine, notifier)->component,\n\t\t     LIVESTACK_PARTING_ENDED);\n",
    replace: "",
    command: selftests("vcpu_death"),
  },
  {
    name: "detach leaves a vCPU asleep with the gate's work to do",
    promise: ATTACH,
    file: gate,
    find: "\t\tls_kvm_kick(gate->vcpu);\n\t\tschedule_timeout_uninterruptible(1);\n",
    replace: "\t\tschedule_timeout_uninterruptible(1);\n",
    command: selftests("vcpu_attach"),
  },
];
