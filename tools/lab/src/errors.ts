// SPDX-License-Identifier: Apache-2.0

/** Exit statuses of the lab's commands; `lab exec` ends with its command's own, or HOST_GONE. */
export const ExitStatus = {
  OK: 0,
  FAILED: 1,
  USAGE: 2,
  MACHINE_NOT_READY: 3,
  NO_SUCH_LAB: 4,
  NAME_IN_USE: 5,
  HOST_GONE: 255,
} as const;

export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];

export const FREE_SPACE = "free some space there, or set XDG_CACHE_HOME to a larger disk";

/** What went wrong, where, and how to fix it; `main.ts` prints it and exits with `status`. */
export class LabError extends Error {
  readonly status: ExitStatus;
  readonly hint: string | undefined;

  constructor(status: ExitStatus, message: string, hint?: string, cause?: unknown) {
    super(message, { cause });
    this.name = "LabError";
    this.status = status;
    this.hint = hint;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
