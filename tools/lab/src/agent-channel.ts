// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from "node:net";
import {
  encodeFrame,
  type Frame,
  FrameReader,
  FrameType,
  PROTOCOL_VERSION,
  wordAt,
} from "./protocol.js";

export type FrameHandler = (frame: Frame) => void;

const CONNECT_TRIES = 200;
const RETRY_MS = 50;

/** The one connection to a host's agent, shared by all commands that run in it. */
export class AgentChannel {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #streams = new Map<number, FrameHandler>();
  readonly #onHello: (restarted: boolean) => void;
  #nextStream = 1;
  #helloSeen = false;

  private constructor(socket: Socket, onHello: (restarted: boolean) => void) {
    this.#socket = socket;
    this.#onHello = onHello;
    socket.on("data", (piece) => {
      for (const frame of this.#reader.push(piece)) this.#dispatch(frame);
    });
    socket.on("error", () => socket.destroy());
  }

  /**
   * QEMU makes the socket a moment after it starts. Must be connected before the guest opens its
   * port: what is written to a port without a reader is lost.
   */
  static async connect(
    path: string,
    onHello: (restarted: boolean) => void,
    stopped: () => boolean,
  ): Promise<AgentChannel> {
    for (let tries = 0; tries < CONNECT_TRIES && !stopped(); tries++) {
      const socket = await tryConnect(path);
      if (socket) return new AgentChannel(socket, onHello);
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
    throw new Error(`${path}: QEMU did not open the agent's socket`);
  }

  open(handler: FrameHandler): number {
    const stream = this.#nextStream++;
    this.#streams.set(stream, handler);
    return stream;
  }

  close(stream: number): void {
    this.#streams.delete(stream);
  }

  send(stream: number, type: number, payload: Buffer): void {
    this.#socket.write(encodeFrame(stream, type, payload));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #dispatch(frame: Frame): void {
    if (frame.type === FrameType.HELLO) {
      const version = wordAt(frame.payload, 0);
      if (version !== PROTOCOL_VERSION)
        throw new Error(`agent speaks version ${version}, this lab ${PROTOCOL_VERSION}`);
      this.#onHello(this.#helloSeen);
      this.#helloSeen = true;
      return;
    }
    this.#streams.get(frame.stream)?.(frame);
  }
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once("connect", () => done(socket));
    socket.once("error", () => done(undefined));
  });
}
