// SPDX-License-Identifier: Apache-2.0
// How long windows are made.
import { QUANTUM_MIN_NS } from "@livestack/netlink-client";
import type { Scenario } from "../scenario/scenario.js";

/**
 * The part of the lookahead that `quantum: auto` leaves for what virtual machines run past a window's
 * end: a vCPU is stopped by an interrupt, which takes a while. Models stop where they say.
 */
const GUARD_PART = 10n;

/** The quantum of a session, in ns. */
export function quantumOf(scenario: Pick<Scenario, "session" | "components" | "links">): bigint {
  const { quantumNs, autoLimitNs } = scenario.session;
  if (quantumNs !== "auto") return quantumNs;
  const least = BigInt(QUANTUM_MIN_NS);
  const most = autoLimitNs - (needsGuard(scenario) ? autoLimitNs / GUARD_PART : 0n);
  return most < least ? least : most;
}

/** Nothing can come late to a machine without links. */
function needsGuard({ components, links }: Pick<Scenario, "components" | "links">): boolean {
  const live = new Set(components.filter(({ kind }) => kind === "live").map(({ id }) => id));
  return links.some(({ a, b }) => live.has(a) || live.has(b));
}
