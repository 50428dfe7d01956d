// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:os";

/**
 * A refusal by the kernel or by this client.
 *
 * `code` is the error's name ("EPERM"), or NOT_LOADED when there is no livestack module to talk to;
 * `attribute` names the attribute at fault, where the kernel said which.
 */
export class NetlinkError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly hint: string | undefined;
  readonly attribute: string | undefined;

  constructor(
    code: string,
    message: string,
    details: { hint?: string; attribute?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.name = "NetlinkError";
    this.code = code;
    this.errno = (constants.errno as Record<string, number>)[code] ?? 0;
    this.hint = details.hint;
    this.attribute = details.attribute;
  }
}
