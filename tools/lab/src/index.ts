// SPDX-License-Identifier: Apache-2.0
export { cacheDir, tools } from "@livestack/image";
export { accelerator, offMachine } from "./accelerator.js";
export { ExitStatus, errorCode, LabError, messageOf } from "./errors.js";
export {
  CannotRunError,
  type ExecResult,
  type ExitResult,
  exec,
  RemoteCommand,
  shellStatus,
  startCommand,
} from "./exec.js";
export { DEFAULT_KERNEL, type Kernel, resolveKernel } from "./kernels.js";
export { type KtapPoint, type KtapReport, leafPoints, parseKtap } from "./ktap.js";
export { down, type UpOptions, up } from "./lab.js";
export { buildModules, insertCommand, moduleFile, moduleNames } from "./modules.js";
export { labDir, repoRoot, stateDir } from "./paths.js";
export { type HostState, type LabState, listLabs, readState } from "./state.js";
export { Talker } from "./talker.js";
export { runSelftests, type TestForm } from "./test-module.js";
