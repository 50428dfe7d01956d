// SPDX-License-Identifier: Apache-2.0
import { KernelHost } from "../kernel-host.js";
import type { PairedBench } from "../pairs.js";

const MESSAGES = 20_000;

/** What a message costs that a link without latency carries, against a program that copies it. */
function relayRate(kind: "packets" | "stream", copied: string): PairedBench {
  const name = `relay-rate-${kind}`;
  const host = new KernelHost(name, { withPorts: true });
  const measure = (how: string) => host.measure("bench_relay", kind, how, MESSAGES);
  return {
    name,
    promise:
      `between AF_UNIX sockets (${kind}) a link without latency carries at least half as many ` +
      `messages a second as a program that copies them (${copied})`,
    unit: "ns",
    prepare: host.prepare,
    baseline: measure("copy"),
    candidate: measure("relay"),
    pairs: 9,
    tolerance: 0.4,
    claim: { ratioAtMost: 2 },
  };
}

export const relayRates: readonly PairedBench[] = [
  relayRate("packets", "recv and send"),
  relayRate("stream", "splice"),
];
