// SPDX-License-Identifier: Apache-2.0
import type { PairedBench } from "../pairs.js";
import { boot } from "./boot.js";
import { clockRead } from "./clock-read.js";
import { gate } from "./gate.js";
import { queueDepths } from "./queue-depth.js";
import { relayRates } from "./relay-rate.js";
import { single } from "./single.js";
import { sleep } from "./sleep.js";
import { syncRate } from "./sync-rate.js";
import { windowRate8, windowRate64 } from "./window-rate.js";

/** All claims that `npm run bench` checks, one file each. */
export const benches: readonly PairedBench[] = [
  boot,
  clockRead,
  single,
  windowRate8,
  windowRate64,
  ...gate,
  ...sleep,
  ...relayRates,
  ...queueDepths,
  syncRate,
];
