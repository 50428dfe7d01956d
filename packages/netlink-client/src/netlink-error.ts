// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:os";

export interface NetlinkErrorDetails {
  /** What to do about it, where the message does not say so itself. */
  hint?: string | undefined;
  /** The attribute at fault, by its property's name in the request. */
  attribute?: string | undefined;
  cause?: unknown;
}

/**
 * A refusal by the kernel or by this client. The message is the kernel's own sentence wherever it
 * gave one.
 *
 * `code` is the name of the kernel's error ("EINVAL"), with its number in `errno`, or one of this
 * client's own, with `errno` 0:
 * - NOT_LOADED: there is no livestack module to talk to in this network namespace.
 * - HELPER_LOST: the helper process ended under a request that changes something, so nobody knows
 *   whether it was done. Look, with the get of the same object, before asking again.
 * - HELPER_FAILED: the helper process cannot be kept alive; the message says how it ended.
 * - CLOSED: the client was closed.
 */
export class NetlinkError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly hint: string | undefined;
  readonly attribute: string | undefined;

  constructor(code: string, message: string, details: NetlinkErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = "NetlinkError";
    this.code = code;
    this.errno = (constants.errno as Record<string, number>)[code] ?? 0;
    this.hint = details.hint;
    this.attribute = details.attribute;
  }
}
