// SPDX-License-Identifier: Apache-2.0
import { counted, KernelHost } from "../kernel-host.js";
import type { PairedBench } from "../pairs.js";

const MESSAGES = 20_000;
const SHALLOW = 10;

/** What a message costs with `depth` on their way, against with few: as a balanced tree has it. */
function queueDepth(depth: number, exact: boolean): PairedBench {
  const { suffix, words } = counted(exact);
  const name = `queue-depth-${depth}${suffix}`;
  const host = new KernelHost(name, { exact });
  const measure = (queued: number) => host.measure("bench_queue", queued, MESSAGES);
  const ratioAtMost = Math.log2(depth) / Math.log2(SHALLOW);
  return {
    name,
    promise:
      `with ${depth} on their way a message costs at most log2(${depth}) / log2(${SHALLOW}) times ` +
      `what it costs with ${SHALLOW}${words}`,
    unit: "ns",
    prepare: host.prepare,
    baseline: measure(SHALLOW),
    candidate: measure(depth),
    pairs: 7,
    tolerance: 0.4,
    claim: { ratioAtMost },
  };
}

export const queueDepths: readonly PairedBench[] = [
  queueDepth(1_000, true),
  queueDepth(100_000, true),
  queueDepth(100_000, false),
];
