// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from "node:fs";
import { codeOf } from "../code-of.js";

const PIECE_BYTES = 64 << 10;

/** Reads a file that grows, from where it was left. */
export class FileFollower {
  readonly #path: string;
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** What has been added since, all of it at first; nothing of a file that is not there yet. */
  *next(): Generator<Buffer> {
    const file = opened(this.#path);
    if (file === undefined) return;
    try {
      for (;;) {
        const piece = Buffer.alloc(PIECE_BYTES);
        const got = readSync(file, piece, 0, piece.length, this.#offset);
        if (got === 0) return;
        this.#offset += got;
        yield piece.subarray(0, got);
      }
    } finally {
      closeSync(file);
    }
  }
}

function opened(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
