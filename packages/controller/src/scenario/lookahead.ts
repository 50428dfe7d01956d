// SPDX-License-Identifier: Apache-2.0
import { QUANTUM_MAX_NS } from "@livestack/netlink-client";
import { endpointOf } from "./endpoint.js";

/** What of a link decides how long windows may be; all in nanoseconds. */
export interface Latencies {
  readonly latency: bigint;
  readonly back?: { readonly latency?: bigint | undefined } | undefined;
}

/** Where nothing limits it, `quantum: auto` makes windows of 10 ms: long enough to cost little. */
const AUTO_WITHOUT_LINKS_NS = 10_000_000n;

/** The link that a session can look ahead least over, and how far that is; undefined without links. */
export function lookaheadOf<Link extends Latencies>(
  links: readonly Link[],
): { link: Link; ns: bigint } | undefined {
  const shortest = links.map((link) => ({ link, ns: shortestOf(link) }));
  return shortest.reduce<(typeof shortest)[number] | undefined>(
    (least, each) => (least === undefined || each.ns < least.ns ? each : least),
    undefined,
  );
}

function shortestOf({ latency, back }: Latencies): bigint {
  return back?.latency !== undefined && back.latency < latency ? back.latency : latency;
}

/**
 * The longest window that `quantum: auto` may take, in nanoseconds: the lookahead, within what the
 * kernel takes. The guard still goes off.
 */
export function autoLimit(lookaheadNs: bigint | undefined): bigint {
  const limit = lookaheadNs ?? AUTO_WITHOUT_LINKS_NS;
  return limit > BigInt(QUANTUM_MAX_NS) ? BigInt(QUANTUM_MAX_NS) : limit;
}

/** @param endpoints as they are written; what an interface is called is no part of the name */
export function linkName(name: string | undefined, endpoints: readonly [string, string]): string {
  const [a, b] = endpoints.map((text) => endpointOf(text).component);
  return name ?? `${a}-${b}`;
}
