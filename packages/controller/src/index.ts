// SPDX-License-Identifier: Apache-2.0
export { type Context, processContext } from "./context.js";
export { ERROR_STATUS, type ErrorCode, ExitStatus } from "./exit-status.js";
export {
  AgentClient,
  type AgentHello,
  type ConnectOptions,
  type GuestCommand,
  type GuestRun,
  type RunResult,
} from "./guest/agent-client.js";
export { AgentError, AgentErrorCode } from "./guest/agent-error.js";
export {
  agentPort,
  type GuestKernelOptions,
  type GuestMachineOptions,
  guestCommandLine,
  guestDisk,
  guestMachine,
  guestNetwork,
  guestSharedDisk,
} from "./guest/machine-arguments.js";
export { type HostTsc, hostTsc } from "./host/tsc-khz.js";
export type { KernelClient, OpenClient } from "./kernel-client.js";
export { type ErrorDetails, LivestackError } from "./livestack-error.js";
export { createProgram, runProgram } from "./program.js";
export { diskProgram } from "./vmm/disk-program.js";
export { Qmp, type QmpEvent } from "./vmm/qmp.js";
