// SPDX-License-Identifier: Apache-2.0

/**
 * Codes that this side gives. Any other code is the guest's: the name of an errno such as ENOENT, or
 * one of docs/guests.md.
 */
export const AgentErrorCode = {
  /** the socket cannot be reached, or closed: what runs in the guest goes on */
  CONNECTION_LOST: "CONNECTION_LOST",
  /** the agent was started anew (guest reset, agent killed): what it had is gone */
  RESTARTED: "RESTARTED",
  /** the guest said what is not in the protocol */
  PROTOCOL: "PROTOCOL",
  /** the caller gave up waiting */
  ABORTED: "ABORTED",
} as const;

/** A request to a guest that was refused or has no answer. */
export class AgentError extends Error {
  /** one of AgentErrorCode, or the guest's own */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "AgentError";
    this.code = code;
  }
}
