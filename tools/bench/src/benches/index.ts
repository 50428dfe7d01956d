// SPDX-License-Identifier: Apache-2.0
import type { PairedBench } from "../pairs.js";
import { boot } from "./boot.js";

/** All claims that `npm run bench` checks, one file each. */
export const benches: readonly PairedBench[] = [boot];
