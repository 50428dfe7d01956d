// SPDX-License-Identifier: Apache-2.0
export { type Context, processContext } from "./context.js";
export { ERROR_STATUS, type ErrorCode, ExitStatus } from "./exit-status.js";
export type { KernelClient, OpenClient } from "./kernel-client.js";
export { type ErrorDetails, LivestackError } from "./livestack-error.js";
export { createProgram, runProgram } from "./program.js";
