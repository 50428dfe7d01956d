// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:os";

/**
 * A call of a modelled component that failed.
 *
 * `code` is the error's name, as kernel/include/uapi/linux/livestack.h explains it for each call, or
 * POOL_TOO_SMALL (see ModelComponent.join) or ECANCELED (left while it waited); `errno` is its number,
 * 0 where the kernel has none; `hint` says what to do.
 */
export class ModelError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly hint: string | undefined;

  constructor(
    code: string,
    message: string,
    details: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.name = "ModelError";
    this.code = code;
    this.errno = (constants.errno as Record<string, number>)[code] ?? 0;
    this.hint = details.hint;
  }

  /** `call` ("open", "join", "wait"...) of `who` was refused. */
  static refused(code: string, call: string, who: string, cause?: unknown): ModelError {
    const hint = HINTS[`${call} ${code}`] ?? HINTS[code];
    return new ModelError(code, `${who}: ${call}: ${code}`, { hint, cause });
  }

  /** What Node threw when `who` made the system call behind `call`. */
  static from(cause: unknown, call: string, who: string): ModelError {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "EIO";
    return ModelError.refused(code, call, who, cause);
  }
}

const HINTS: Readonly<Record<string, string>> = {
  "open ENOENT": "load the module: modprobe livestack",
  "open EACCES": "join the group livestack, or run this as root",
  "join ENOENT": "`livestack ls` lists sessions; make the component before a process joins as it",
  "join EBUSY": "another process is this component: it has to end or to leave first",
  "join EINVAL": "only a component of kind model is joined by a process",
  "send EBUSY": "wait() first: a component enters with a window, and is not to send while it waits",
  "send EINVAL": "send at the component's own clock or later, but before its window's end",
  "send EMSGSIZE": "a message has 65536 bytes at most: send several",
  "send ENOENT": "the session has no link of this number",
  "send ENOTCONN": "this link does not end at this component",
  "send EHOSTUNREACH": "nobody has joined as the component at the link's other end, or it has left",
  "send ENETDOWN": "the link is new: it carries messages from the next window on",
  "send ENOBUFS":
    "the link's queue is full: its receiver has to take messages, or raise queue-bytes",
  ECANCELED: "close() was called meanwhile: the component has left",
  ENOTCONN: "the component has left: join() anew",
  ESHUTDOWN: "the session has stopped, for good",
  EBUSY: "one call at a time: the component's wait() has not returned yet",
};
