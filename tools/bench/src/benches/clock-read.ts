// SPDX-License-Identifier: Apache-2.0
import { KernelHost } from "../kernel-host.js";
import type { PairedBench } from "../pairs.js";

const READS = 1_000_000;
const host = new KernelHost("clock-read");

export const clockRead: PairedBench = {
  name: "clock-read",
  promise:
    "reading the simulated time from the mapped page costs at most 3 times " +
    "clock_gettime(CLOCK_MONOTONIC)",
  unit: "ns",
  prepare: host.prepare,
  baseline: host.measure("bench_clock", "monotonic", READS),
  candidate: host.measure("bench_clock", "page", READS),
  pairs: 9,
  tolerance: 0.4,
  claim: { ratioAtMost: 3 },
};
