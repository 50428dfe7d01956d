// SPDX-License-Identifier: Apache-2.0

/** Longer than any request or answer: two outputs of a command of 16 MiB in base64. */
const MOST = 64 << 20;

/** Puts lines together from pieces of any size. */
export class LineSplitter {
  #pieces: Buffer[] = [];
  #length = 0;

  /** @returns the lines that `piece` completes @throws RangeError for one that is too long */
  push(piece: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
      this.#pieces.push(piece.subarray(start, end));
      lines.push(Buffer.concat(this.#pieces).toString());
      this.#pieces = [];
      this.#length = 0;
      start = end + 1;
    }
    this.#pieces.push(piece.subarray(start));
    this.#length += piece.length - start;
    if (this.#length > MOST) throw new RangeError(`a line of ${this.#length} bytes`);
    return lines.filter((line) => line !== "");
  }
}
