// SPDX-License-Identifier: Apache-2.0
import { CommanderError } from "commander";
import { ERROR_STATUS, type ErrorCode, type ExitStatus } from "./exit-status.js";

export interface ErrorDetails {
  /** where the fault is: "file:line:column", a path, a host's name */
  place?: string;
  /** how to fix it */
  hint?: string;
  cause?: unknown;
  /** what it stands for, when it is several errors at once; they are printed before it */
  parts?: readonly LivestackError[];
}

const REPORT_HINT = "this is a defect of LiveStack; please report it with the lines above";

/** What went wrong, where, and how to fix it: the one kind of error that reaches the user. */
export class LivestackError extends Error {
  readonly code: ErrorCode;
  readonly place: string | undefined;
  readonly hint: string | undefined;
  readonly parts: readonly LivestackError[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { place, hint, cause, parts = [] } = details;
    super(message, cause === undefined ? {} : { cause });
    this.name = "LivestackError";
    this.code = code;
    this.place = place;
    this.hint = hint;
    this.parts = parts;
  }

  get exitStatus(): ExitStatus {
    return ERROR_STATUS[this.code];
  }

  /** Makes one of whatever was thrown. */
  static from(thrown: unknown): LivestackError {
    if (thrown instanceof LivestackError) return thrown;
    if (thrown instanceof CommanderError) return fromCommander(thrown);
    if (thrown instanceof Error && isSystemError(thrown))
      return new LivestackError("SYSTEM", thrown.message, { cause: thrown.cause });
    // Nobody foresaw this one, so only its stack tells where it comes from.
    const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return new LivestackError("INTERNAL", message, { hint: REPORT_HINT });
  }
}

/** Errors of the operating system carry the failed call; those of Node's own checks do not. */
function isSystemError(error: Error): boolean {
  return "syscall" in error;
}

/** Commander puts the suggestion into the message: "error: ...\n(Did you mean version?)". */
function fromCommander(error: CommanderError): LivestackError {
  const [first = "", suggestion] = error.message.split("\n");
  const code = error.code === "commander.unknownCommand" ? "UNKNOWN_COMMAND" : "USAGE";
  const meant = suggestion?.replace(/^\((.*)\)$/, "$1").replace(/^Did/, "did");
  const help = "`livestack help` lists the commands";
  return new LivestackError(code, first.replace(/^error: /, ""), {
    hint: meant ? `${meant} ${help}` : help,
  });
}
