// SPDX-License-Identifier: Apache-2.0
// Guests that sleep: how late they wake, and what idle time costs.
import { counted, KernelHost } from "../kernel-host.js";
import type { PairedBench } from "../pairs.js";

function sleepBench(
  name: string,
  promise: string,
  [baseline, candidate]: readonly [string, string],
  count: number,
  ratioAtMost: number,
  exact: boolean,
): PairedBench {
  const { suffix, words } = counted(exact);
  const host = new KernelHost(`${name}${suffix}`, { withMachines: true, exact });
  return {
    name: `${name}${suffix}`,
    promise: `${promise}${words}`,
    unit: "ns",
    prepare: host.prepare,
    baseline: host.measure("bench_sleep", baseline, count),
    candidate: host.measure("bench_sleep", candidate, count),
    pairs: 7,
    tolerance: 0.5,
    claim: { ratioAtMost },
  };
}

function late(exact: boolean): PairedBench {
  const promise =
    "a gated guest wakes at most 1.5 times as late as one that runs free, beside what windows are overrun";
  return sleepBench("sleep-late", promise, ["free", "gated"], 110, 1.5, exact);
}

function tick(exact: boolean): PairedBench {
  const promise = "one that takes a tick of 250 Hz meanwhile is through in a fifth of its time";
  return sleepBench("idle-tick", promise, ["guest", "tick"], 100, 0.2, exact);
}

export const sleep: readonly PairedBench[] = [
  late(true),
  late(false),
  sleepBench(
    "idle-sleep",
    "a guest that sleeps is through in a fiftieth of its time",
    ["guest", "wall"],
    6000,
    0.02,
    false,
  ),
  tick(true),
  tick(false),
];
