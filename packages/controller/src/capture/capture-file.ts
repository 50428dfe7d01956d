// SPDX-License-Identifier: Apache-2.0
// A pcapng file that only grows, by whole blocks: what is there can be read at any time, whenever its
// writer was killed.
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { blockLength } from "./pcapng.js";

export class CaptureFile {
  readonly #fd: number;
  #length: number;

  private constructor(fd: number) {
    this.#fd = fd;
    this.#length = wholeBlocks(fd);
    // The kernel may have cut short what a killed process was writing.
    ftruncateSync(fd, this.#length);
  }

  /** What is there already stays: another section follows it. @throws system errors */
  static open(path: string): CaptureFile {
    mkdirSync(dirname(path), { recursive: true });
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o640);
    try {
      return new CaptureFile(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** All or nothing, whatever the disk has no room for. @throws system errors */
  append(blocks: readonly Buffer[]): void {
    const bytes = Buffer.concat(blocks);
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done);
      this.#length += bytes.length;
    } catch (error) {
      ftruncateSync(this.#fd, this.#length);
      throw error;
    }
  }

  close(): void {
    try {
      fsyncSync(this.#fd);
    } finally {
      closeSync(this.#fd);
    }
  }
}

/** So many bytes from its beginning on are whole blocks. */
function wholeBlocks(fd: number): number {
  const { size } = fstatSync(fd);
  const head = Buffer.alloc(8);
  let at = 0;
  for (;;) {
    const length = blockLength(head.subarray(0, readSync(fd, head, 0, head.length, at)));
    if (length === undefined || at + length > size) return at;
    at += length;
  }
}
