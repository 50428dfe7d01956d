// SPDX-License-Identifier: Apache-2.0
// How long windows are made.
import { QUANTUM_MIN_NS } from "@livestack/netlink-client";
import type { ScenarioSession } from "../scenario/scenario.js";

/**
 * Bound on what a component runs too far, which goes off the lookahead under `quantum: auto`.
 * TODO(issue 4): measured when machines are attached; until then nothing is reserved.
 */
const GUARD_NS = 0n;

/** The quantum of a session, in ns. */
export function quantumOf({ quantumNs, autoLimitNs }: ScenarioSession): bigint {
  if (quantumNs !== "auto") return quantumNs;
  const least = BigInt(QUANTUM_MIN_NS);
  const most = autoLimitNs - GUARD_NS;
  return most < least ? least : most;
}
