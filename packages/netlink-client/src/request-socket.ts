// SPDX-License-Identifier: Apache-2.0
// Not from "netlink" itself, which brings in every family it knows and makes the helper slow to start.
import { RawNetlinkSocket } from "netlink/dist/raw.js";
import type { Answer } from "./helper-protocol.js";
import {
  decodeMessages,
  encodeMessage,
  errnoOf,
  Flags,
  familyMessage,
  MessageType,
  type WireMessage,
} from "./wire.js";

const PROTOCOL_GENERIC = 16;

/** A raw socket of the npm package; it is the caller's to give it a listener for messages. */
export function openSocket(bufferBytes: number, onFailure: (error: Error) => void) {
  const socket = new RawNetlinkSocket(PROTOCOL_GENERIC, {
    recvBufferSize: bufferBytes,
    sendBufferSize: bufferBytes,
  });
  socket.on("error", onFailure);
  socket.on("truncatedMessage", () => onFailure(new Error("a message was cut off")));
  return socket;
}

/**
 * Requests and their answers, matched by sequence number, so that an answer that comes after its
 * asker has given up, or an ACK nobody waits for, is nobody's.
 *
 * The package's own request() is not used: it takes the first message for the whole answer, takes
 * an error at a dump's end for success and does not show that a dump was interrupted.
 */
export class RequestSocket {
  readonly #socket: RawNetlinkSocket;
  readonly #open = new Map<number, { answer: Answer; done: (answer: Answer) => void }>();
  #sequence = 0;

  constructor(bufferBytes: number, onFailure: (error: Error) => void) {
    this.#socket = openSocket(bufferBytes, onFailure);
    this.#socket.on("message", (datagram) => {
      for (const message of decodeMessages(datagram)) this.#take(message);
    });
  }

  /** At most one dump at a time: the kernel refuses a second one on the same socket. */
  request(
    family: number,
    message: { command: number; version: number; data: Uint8Array; dump: boolean },
  ): Promise<Answer> {
    const sequence = this.#sequence + 1;
    this.#sequence = sequence % 0xffffffff;
    const flags = Flags.REQUEST | (message.dump ? Flags.DUMP : Flags.ACK);
    return new Promise((done, failed) => {
      this.#open.set(sequence, { answer: { errno: 0, messages: [], interrupted: false }, done });
      this.#socket.send(
        encodeMessage({ type: family, flags, sequence }, message),
        {},
        (error) => error && failed(error),
      );
    });
  }

  #take(message: WireMessage): void {
    const waiting = this.#open.get(message.sequence);
    if (!waiting) return;
    const { answer, done } = waiting;
    if (message.flags & Flags.DUMP_INTERRUPTED) answer.interrupted = true;
    if (message.type === MessageType.ERROR || message.type === MessageType.DONE) {
      answer.errno = errnoOf(message);
      this.#open.delete(message.sequence);
      done(answer);
    } else {
      answer.messages.push(familyMessage(message.payload));
    }
  }
}
