// SPDX-License-Identifier: Apache-2.0
// The machine's half of guest/protocol.h, which says what each frame means.

export const PROTOCOL_VERSION = 1;
export const WINDOW_BYTES = 262144;
export const MAX_FRAME_BYTES = 1048576;
/** Data goes in frames of at most this many bytes, so that streams take turns. */
export const CHUNK_BYTES = 32768;
const HEADER_BYTES = 12;

export const FrameType = {
  HELLO: 1,
  OPEN: 2,
  INPUT: 3,
  SIGNAL: 4,
  RESIZE: 5,
  CREDIT: 6,
  HANGUP: 7,
  OUTPUT: 8,
  ERROUT: 9,
  EXIT: 10,
  FAIL: 11,
} as const;

export interface Frame {
  stream: number;
  type: number;
  payload: Buffer;
}

export function encodeFrame(stream: number, type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt32LE(stream, 0);
  head.writeUInt32LE(type, 4);
  head.writeUInt32LE(payload.length, 8);
  return Buffer.concat([head, payload]);
}

export function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    buffer.writeUInt32LE(value, i * 4);
  });
  return buffer;
}

/** The word at `index`, 0 where the payload is too short for it. */
export function wordAt(payload: Buffer, index: number): number {
  return payload.length >= (index + 1) * 4 ? payload.readUInt32LE(index * 4) : 0;
}

/** Puts frames together again from pieces of any size. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #length = 0;

  /**
   * @returns the frames that `piece` completes
   * @throws Error for a frame longer than either side ever sends
   */
  push(piece: Buffer): Frame[] {
    this.#pieces.push(piece);
    this.#length += piece.length;
    const frames: Frame[] = [];
    let buffer: Buffer | undefined;
    let offset = 0;
    while (this.#length - offset >= HEADER_BYTES) {
      buffer ??= Buffer.concat(this.#pieces);
      const length = buffer.readUInt32LE(offset + 8);
      if (length > MAX_FRAME_BYTES) throw new Error(`frame of ${length} bytes: not our protocol`);
      const end = offset + HEADER_BYTES + length;
      if (end > this.#length) break;
      frames.push({
        stream: buffer.readUInt32LE(offset),
        type: buffer.readUInt32LE(offset + 4),
        payload: buffer.subarray(offset + HEADER_BYTES, end),
      });
      offset = end;
    }
    if (buffer) {
      this.#pieces = offset < this.#length ? [buffer.subarray(offset)] : [];
      this.#length -= offset;
    }
    return frames;
  }
}

export interface Command {
  argv: readonly string[];
  /** whole environment of the command */
  env: Readonly<Record<string, string>>;
  /** "" for the agent's own, / */
  directory: string;
  terminal?: { rows: number; columns: number };
}

export function encodeOpen(command: Command): Buffer {
  const env = Object.entries(command.env).map(([key, value]) => `${key}=${value}`);
  const strings = [command.directory, ...command.argv, ...env];
  return Buffer.concat([
    words(
      command.terminal ? 1 : 0,
      command.terminal?.rows ?? 0,
      command.terminal?.columns ?? 0,
      command.argv.length,
      env.length,
    ),
    ...strings.map((text) => Buffer.from(`${text}\0`)),
  ]);
}
