// SPDX-License-Identifier: Apache-2.0
// A link between two hosts is captured on both, on each what arrived there. This makes one file of the two.
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { blockLength, blockPlace } from "./pcapng.js";

/** Sections of a capture begin with these, on each host the same. */
const HEAD_BLOCKS = 3;
const WRITE_BYTES = 1 << 20;

/**
 * In the order of their stamps; of two alike the first file's.
 * @param parts files of one link, each with the number of the interface that it is the one to know of
 * @throws system errors
 */
export function mergeCaptures(
  parts: readonly { file: string; interface: number }[],
  to: string,
): void {
  const readers = parts.map((part) => new PartReader(part.file, part.interface));
  const out = openSync(to, "w", 0o640);
  try {
    const writer = new BlockWriter(out);
    for (const block of readers.find(({ head }) => head.length > 0)?.head ?? [])
      writer.write(block);
    for (;;) {
      const first = readers.reduce<PartReader | undefined>(
        (best, each) => (each.isBefore(best) ? each : best),
        undefined,
      );
      const block = first?.take();
      if (!block) break;
      writer.write(block);
    }
    for (const reader of readers) if (reader.counts) writer.write(reader.counts);
    writer.flush();
  } finally {
    closeSync(out);
    for (const reader of readers) reader.close();
  }
}

/** The packets of one interface, one after the other. */
class PartReader {
  /** what the file begins with */
  readonly head: Buffer[] = [];
  /** its last block of statistics */
  counts: Buffer | undefined;
  readonly #fd: number;
  readonly #interface: number;
  #at = 0;
  #next: { block: Buffer; timeNs: bigint } | undefined;

  constructor(file: string, index: number) {
    this.#fd = openSync(file, "r");
    this.#interface = index;
    for (let count = 0; count < HEAD_BLOCKS; count++) {
      const block = this.#read();
      if (block) this.head.push(block);
    }
    this.#advance();
  }

  isBefore(other: PartReader | undefined): boolean {
    if (!this.#next) return false;
    const next = other === undefined ? undefined : other.#next;
    return !next || this.#next.timeNs < next.timeNs;
  }

  take(): Buffer | undefined {
    const taken = this.#next?.block;
    this.#advance();
    return taken;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #advance(): void {
    this.#next = undefined;
    for (let block = this.#read(); block; block = this.#read()) {
      const place = blockPlace(block);
      if (place?.interface !== this.#interface) continue;
      if (place.isPacket) {
        this.#next = { block, timeNs: place.timeNs };
        return;
      }
      this.counts = block;
    }
  }

  #read(): Buffer | undefined {
    const length = blockLength(this.#piece(8));
    if (length === undefined) return undefined;
    const block = this.#piece(length);
    if (block.length < length) return undefined;
    this.#at += length;
    return block;
  }

  #piece(length: number): Buffer {
    const piece = Buffer.alloc(length);
    return piece.subarray(0, readSync(this.#fd, piece, 0, length, this.#at));
  }
}

class BlockWriter {
  readonly #fd: number;
  #held: Buffer[] = [];
  #bytes = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(block: Buffer): void {
    this.#held.push(block);
    this.#bytes += block.length;
    if (this.#bytes >= WRITE_BYTES) this.flush();
  }

  flush(): void {
    const all = Buffer.concat(this.#held);
    for (let at = 0; at < all.length; ) at += writeSync(this.#fd, all, at);
    this.#held = [];
    this.#bytes = 0;
  }
}
