// SPDX-License-Identifier: Apache-2.0
import { KernelHost } from "../kernel-host.js";
import type { PairedBench } from "../pairs.js";

/** Arrivals a measure: with many components there are fewer windows, not longer measures. */
const ARRIVALS = 32_000;

/** What a window costs each of `count` components, against what it costs each of two. */
function windowRate(name: string, count: number): PairedBench {
  const host = new KernelHost(name);
  const measure = (n: number) => host.measure("bench_windows", n, ARRIVALS / n);
  return {
    name,
    promise:
      `with ${count} modelled components that arrive at once a window costs each of them ` +
      "at most 2 times what it costs each of 2",
    unit: "ns",
    prepare: host.prepare,
    baseline: measure(2),
    candidate: measure(count),
    pairs: 9,
    tolerance: 0.4,
    claim: { ratioAtMost: 2 },
  };
}

export const windowRate8 = windowRate("window-rate-8", 8);
export const windowRate64 = windowRate("window-rate-64", 64);
