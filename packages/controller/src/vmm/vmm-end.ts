// SPDX-License-Identifier: Apache-2.0
// Tells from what is left of a VMM how its guest came to its end.
import { existsSync, readFileSync } from "node:fs";
import type { ProcessEnd } from "../host/scope.js";
import type { QmpEvent } from "./qmp.js";

/** So much of a log is looked at and shown. */
const TAIL_BYTES = 4096;

export interface VmmEnd {
  process: ProcessEnd;
  /** the last SHUTDOWN that QEMU spoke of */
  shutdown?: QmpEvent;
  consoleLog: string;
  vmmLog: string;
}

const REASONS: Readonly<Record<string, string>> = {
  "guest-shutdown": "its guest powered off",
  "guest-reset": "its guest was reset",
  "guest-panic": "its guest panicked",
  "host-qmp-quit": "its VMM was told to quit over QMP",
  "host-signal": "its VMM was ended by a signal",
};

/** A sentence without a full stop. */
export function vmmEndText({ process, shutdown, consoleLog, vmmLog }: VmmEnd): string {
  const reason = String(shutdown?.data.reason ?? "");
  // With panic=-1 a panic is a reset to QEMU; the console has more.
  const panic = /Kernel panic - not syncing: [^\r\n]*/.exec(tail(consoleLog))?.[0];
  if (panic !== undefined && reason !== "guest-shutdown") return `its guest panicked (${panic})`;
  const known = REASONS[reason];
  if (known !== undefined) return known;
  if (process.signal !== undefined) return `its VMM was killed by ${process.signal}`;
  if (process.status === 0) return "its VMM has ended";
  const words = tail(vmmLog).trim().split("\n").at(-1) ?? "";
  const said = words === "" ? "" : `: ${words}`;
  if (process.status === undefined) return `its VMM has ended${said}`;
  return `its VMM ended with status ${process.status}${said}`;
}

function tail(path: string): string {
  return existsSync(path) ? readFileSync(path, "latin1").slice(-TAIL_BYTES) : "";
}
