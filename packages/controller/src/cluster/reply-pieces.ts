// SPDX-License-Identifier: Apache-2.0
// Replies that are longer than a message may be.
import { Reply, type ReplyPiece } from "@livestack/proto/agent";
import { LivestackError } from "../livestack-error.js";
import { PIECE_OF_REPLY_BYTES, REPLY_BYTES } from "./limits.js";

/** @returns undefined for one that goes as it is */
export function piecesOf(reply: Reply): ReplyPiece[] | undefined {
  const whole = Buffer.from(Reply.encode(reply).finish());
  if (whole.length <= PIECE_OF_REPLY_BYTES) return undefined;
  const { session, asker, id } = reply;
  const count = Math.ceil(whole.length / PIECE_OF_REPLY_BYTES);
  return Array.from({ length: count }, (_, index) => ({
    ...{ session, asker, id, last: index === count - 1 },
    data: whole.subarray(index * PIECE_OF_REPLY_BYTES, (index + 1) * PIECE_OF_REPLY_BYTES),
  }));
}

/** Puts pieces together that come in their order, those of several replies mixed. */
export class ReplyAssembly {
  readonly #parts = new Map<bigint, Buffer[]>();

  /** @returns the reply when it is whole @throws LivestackError BAD_REQUEST */
  push({ id, data, last }: ReplyPiece): Reply | undefined {
    const parts = this.#parts.get(id) ?? [];
    parts.push(data);
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    if (size > REPLY_BYTES)
      throw new LivestackError("BAD_REQUEST", `a reply is longer than ${REPLY_BYTES} bytes`);
    if (!last) {
      this.#parts.set(id, parts);
      return undefined;
    }
    this.#parts.delete(id);
    return Reply.decode(Buffer.concat(parts));
  }

  /** Of a connection that was lost: replies come again from their beginning. */
  clear(): void {
    this.#parts.clear();
  }
}
