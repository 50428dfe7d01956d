// SPDX-License-Identifier: Apache-2.0
// Guests that sleep: how late they wake, and what idle time costs.
import { KernelHost } from "../kernel-host.js";
import type { PairedBench } from "../pairs.js";

function sleepBench(
  name: string,
  promise: string,
  [baseline, candidate]: readonly [string, string],
  count: number,
  ratioAtMost: number,
  exact = false,
): PairedBench {
  const host = new KernelHost(name, { withMachines: true, exact });
  return {
    name,
    promise,
    unit: "ns",
    prepare: host.prepare,
    baseline: host.measure("bench_sleep", baseline, count),
    candidate: host.measure("bench_sleep", candidate, count),
    pairs: 7,
    tolerance: 0.5,
    claim: { ratioAtMost },
  };
}

export const sleep: readonly PairedBench[] = [
  sleepBench(
    "sleep-late",
    "a gated guest wakes at most 1.5 times as late as one that runs free, beside what windows are overrun",
    ["free", "gated"],
    110,
    1.5,
    true,
  ),
  sleepBench(
    "idle-sleep",
    "a guest that sleeps is through in a fiftieth of its time",
    ["guest", "wall"],
    6000,
    0.02,
  ),
  sleepBench(
    "idle-tick",
    "one that takes a tick of 250 Hz meanwhile is through in a fifth of its time",
    ["guest", "tick"],
    100,
    0.2,
    true,
  ),
];
