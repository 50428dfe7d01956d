// SPDX-License-Identifier: Apache-2.0
// What the kernel tells of a captured link: /dev/livestack by write(2) and read(2), as in
// kernel/include/uapi/linux/livestack.h.
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import {
  decode,
  encode,
  layouts,
  MESSAGE_MAX,
  numbers,
  sizeOf,
  TIME_NONE,
} from "@livestack/model/layout";
import { codeOf } from "../code-of.js";
import type { ErrorCode } from "../exit-status.js";
import { LivestackError } from "../livestack-error.js";

/** Room for what comes while nobody reads: at least 60 messages of the longest. */
const RING_BYTES = 4 << 20;
const ROOM_BYTES = 1 << 20;

/** One that was handed over to its receiver. */
export interface CapturedMessage {
  /** the enum livestack_end that it arrived at */
  end: number;
  arrivalNs: bigint;
  sendNs: bigint;
  length: number;
  data: Buffer;
}

export interface CapturedBatch {
  messages: CapturedMessage[];
  /** so many were lost so far, by the end that they arrived at */
  lost: Map<number, bigint>;
}

export class CaptureSource {
  readonly #fd: number;
  readonly #room = Buffer.alloc(ROOM_BYTES);

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @throws LivestackError NO_PRIVILEGE, NOT_LOADED, MODULE_REFUSED */
  static open(root: string, session: number, link: number): CaptureSource {
    const path = join(root, "dev/livestack");
    let fd: number | undefined;
    try {
      fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      const call = encode(layouts.call, { number: numbers.capture });
      const fields = { session, link, snap_bytes: MESSAGE_MAX, ring_bytes: RING_BYTES };
      writeSync(fd, Buffer.concat([call, encode(layouts.capture, fields)]));
      return new CaptureSource(fd);
    } catch (cause) {
      if (fd !== undefined) closeSync(fd);
      throw refusal(cause, path);
    }
  }

  /** What has come since, "nothing" yet, or the "end": the link is gone. @throws system errors */
  read(): CapturedBatch | "nothing" | "end" {
    let length: number;
    try {
      length = readSync(this.#fd, this.#room, 0, this.#room.length, null);
    } catch (error) {
      if (codeOf(error) === "EAGAIN") return "nothing";
      throw error;
    }
    return length === 0 ? "end" : batchOf(this.#room.subarray(0, length));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Takes records apart; their bytes are copied. */
function batchOf(bytes: Buffer): CapturedBatch {
  const messages: CapturedMessage[] = [];
  const lost = new Map<number, bigint>();
  for (let at = 0; at < bytes.length; ) {
    const { size, end, arrival_ns, send_ns, length, captured, ...record } = decode(
      layouts.captured,
      bytes.subarray(at),
    );
    const begin = at + sizeOf(layouts.captured);
    at += size;
    if (record.lost > (lost.get(end) ?? -1n)) lost.set(end, record.lost);
    if (arrival_ns === TIME_NONE) continue;
    const data = Buffer.from(bytes.subarray(begin, begin + captured));
    messages.push({ end, arrivalNs: arrival_ns, sendNs: send_ns, length, data });
  }
  return { messages, lost };
}

const REFUSALS: Readonly<Record<string, readonly [ErrorCode, string, string]>> = {
  EPERM: ["NO_PRIVILEGE", "the kernel lets root alone capture links", "run it as root"],
  EACCES: ["NO_PRIVILEGE", "it is not for this user to open", "run it as root"],
  ENOENT: ["NOT_LOADED", "there is no livestack module to capture links", "modprobe livestack"],
  EBUSY: [
    "MODULE_REFUSED",
    "another program captures the link already",
    "end it: one at a time may",
  ],
  ENOTTY: [
    "MODULE_REFUSED",
    "the loaded module is too old to capture links",
    "load the one of this livestack",
  ],
};

function refusal(cause: unknown, place: string): unknown {
  const [code, message, hint] = REFUSALS[String(codeOf(cause))] ?? [];
  if (code === undefined || message === undefined || hint === undefined) return cause;
  return new LivestackError(code, message, { place, hint, cause });
}
