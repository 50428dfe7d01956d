// SPDX-License-Identifier: Apache-2.0
// What gating costs a machine that only computes, beside what else can hold a machine to windows.
import { join } from "node:path";
import { guestMachine } from "@livestack/controller";
import { tools } from "@livestack/image";
import { repoRoot } from "@livestack/lab";
import { counted, KernelHost } from "../kernel-host.js";
import type { Measure, PairedBench } from "../pairs.js";

/** Of each turn, held or free. */
const TURN_MS = 150;
const QMP = "/tmp/livestack-bench.qmp";
const MEMORY = "/tmp/livestack-bench.memory";

type How = "free" | "gate" | "sigstop" | "freezer" | "qmp";

/** QEMU with the guest of kernel/selftests/bench_guest.S in memory that others can read. */
function machine(): string[] {
  const { qemu, qemuArgs, env } = tools();
  return [
    ...["env", ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
    ...[qemu, ...qemuArgs, ...guestMachine()],
    ...["-m", "64M", "-object", `memory-backend-file,id=m,size=64M,share=on,mem-path=${MEMORY}`],
    ...["-machine", "memory-backend=m", "-qmp", `unix:${QMP},server=on,wait=off`],
    ...["-kernel", join(repoRoot, "kernel/build/selftests/bench_guest")],
  ];
}

function measure(
  host: KernelHost,
  what: "wall" | "guest" | "lost",
  how: How,
  windowUs: number,
): Measure {
  return () =>
    host.measure("bench_gate", what, how, windowUs, TURN_MS, QMP, MEMORY, ...machine())();
}

function gateCost(
  what: "wall" | "guest",
  windowMs: number,
  ratioAtMost: number,
  exact: boolean,
): PairedBench {
  const { suffix, words } = counted(exact);
  const name = `gate-${what}-${windowMs}ms${suffix}`;
  const host = new KernelHost(name, { withMachines: true, exact });
  const takes = what === "wall" ? "takes" : "takes by the guest's own clock";
  return {
    name,
    promise: `gated in windows of ${windowMs} ms a job ${takes} at most ${ratioAtMost} times as long${words}`,
    unit: "thousandths of running free",
    prepare: host.prepare,
    baseline: measure(host, what, "free", windowMs * 1000),
    candidate: measure(host, what, "gate", windowMs * 1000),
    pairs: 7,
    tolerance: ratioAtMost - 1,
    claim: { ratioAtMost },
  };
}

/** "At most a third of the best of them" holds when it does of each. */
function gateAgainst(how: "sigstop" | "freezer" | "qmp", rival: string): PairedBench {
  const { suffix, words } = counted(true);
  const name = `gate-${how}${suffix}`;
  const host = new KernelHost(name, { withMachines: true, exact: true });
  return {
    name,
    promise: `a window of 1 ms costs a machine at most a third of what ${rival} costs it${words}`,
    unit: "millionths of its work",
    prepare: host.prepare,
    baseline: measure(host, "lost", how, 1000),
    candidate: measure(host, "lost", "gate", 1000),
    pairs: 7,
    tolerance: 0.4,
    claim: { ratioAtMost: 0.33 },
  };
}

export const gate: readonly PairedBench[] = [
  gateCost("wall", 10, 1.05, true),
  gateCost("wall", 1, 1.3, true),
  gateCost("guest", 10, 1.02, true),
  gateCost("guest", 1, 1.05, true),
  gateCost("wall", 10, 1.05, false),
  gateCost("wall", 1, 1.3, false),
  gateCost("guest", 10, 1.05, false),
  gateCost("guest", 1, 1.15, false),
  gateAgainst("sigstop", "SIGSTOP and SIGCONT"),
  gateAgainst("freezer", "the freezer of its cgroup"),
  gateAgainst("qmp", "QMP's stop and cont"),
];
