// SPDX-License-Identifier: Apache-2.0
import { KernelHost } from "../kernel-host.js";
import type { PairedBench } from "../pairs.js";

const host = new KernelHost("single");

/** Faster than a ping-pong is what is promised; half of one, a single wake, is what is measured. */
export const single: PairedBench = {
  name: "single",
  promise:
    "a window of one modelled component alone takes less than one wake, half a round, of an " +
    "eventfd ping-pong between two threads",
  unit: "ns",
  prepare: host.prepare,
  baseline: host.measure("bench_pingpong", 20_000),
  candidate: host.measure("bench_windows", 1, 100_000),
  pairs: 9,
  tolerance: 0.5,
  claim: { ratioAtMost: 0.99 },
};
