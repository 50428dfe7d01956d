// SPDX-License-Identifier: Apache-2.0
export {
  type Claim,
  interleavedPairs,
  type Judgement,
  judge,
  type Measure,
  MIN_PAIRS,
  measureRounds,
  type PairedBench,
  type PairsResult,
  type Round,
  type Verdict,
} from "./pairs.js";
export { BenchStatus, json, statusOf, table } from "./report.js";
export { quantile, type Summary, summarize } from "./statistics.js";
export { type SyncHost, type WindowCost, windowsInKernels } from "./sync-windows.js";
