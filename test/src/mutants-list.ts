// SPDX-License-Identifier: Apache-2.0

import { captureMutants } from "./mutants-capture.js";
import { packageMutants } from "./mutants-client.js";
import { clusterMutants } from "./mutants-cluster.js";
import { coreMutants } from "./mutants-core.js";
import { diskMutants } from "./mutants-disk.js";
import { guestMutants } from "./mutants-guest.js";
import { ipcMutants } from "./mutants-ipc.js";
import type { Mutant } from "./mutants-judge.js";
import { labMutants } from "./mutants-lab.js";
import { switchMutants } from "./mutants-switch.js";
import { syncMutants } from "./mutants-sync.js";
import { toolMutants } from "./mutants-tools.js";
import { vcpuMutants } from "./mutants-vcpu.js";
import { windowMutants } from "./mutants-window.js";

/**
 * One bug at least for each thing that must hold; its test has to notice. Whoever adds a promise and
 * its test adds a mutant, in the file of its part.
 */
export const mutants: readonly Mutant[] = [
  ...toolMutants,
  ...labMutants,
  ...guestMutants,
  ...windowMutants,
  ...syncMutants,
  ...coreMutants,
  ...vcpuMutants,
  ...ipcMutants,
  ...captureMutants,
  ...diskMutants,
  ...switchMutants,
  ...packageMutants,
  ...clusterMutants,
];
