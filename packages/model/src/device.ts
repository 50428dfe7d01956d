// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, openSync, readSync, write, writeSync } from "node:fs";
import { abortWrite } from "./abort-write.js";
import {
  decode,
  encode,
  layouts,
  MESSAGE_MAX,
  numbers,
  sizeOf,
  type Values,
  type Verb,
} from "./layout.js";
import { ModelError } from "./model-error.js";

type Fields<V extends Verb> = Values<(typeof layouts)[V]>;

/** Those that the kernel answers something. */
type Question = Exclude<Verb, "join" | "capture">;

/** What a call answers: its structure as the kernel left it and, for recv, the message. */
export interface Answer<V extends Question> {
  fields: Fields<V>;
  message: Buffer;
}

/** An open /dev/livestack, spoken to by write(2) and read(2): one call at a time. */
export class Device {
  readonly #who: string;
  readonly #fd: number;
  #open = true;
  #waiting = false;

  /** @throws ModelError ENOENT without the module, EACCES */
  constructor(path: string, who: string) {
    this.#who = who;
    try {
      this.#fd = openSync(path, constants.O_RDWR);
    } catch (cause) {
      throw ModelError.from(cause, "open", `${who}: ${path}`);
    }
  }

  /** For what is through at once and has no answer. */
  tell<V extends Verb>(verb: V, fields: Partial<Fields<V>>, message?: Uint8Array): void {
    this.#check(verb);
    try {
      writeSync(this.#fd, request(verb, fields, message));
    } catch (cause) {
      throw ModelError.from(cause, verb, this.#who);
    }
  }

  /** For what is answered at once. */
  ask<V extends Question>(verb: V, fields: Partial<Fields<V>>, message?: Uint8Array): Answer<V> {
    this.tell(verb, fields, message);
    try {
      return this.#answer(verb);
    } catch (cause) {
      throw ModelError.from(cause, verb, this.#who);
    }
  }

  /** For what may take as long as it likes; it occupies a thread of libuv's pool meanwhile. */
  async askLong<V extends Question>(verb: V, fields: Partial<Fields<V>>): Promise<Answer<V>> {
    this.#check(verb);
    this.#waiting = true;
    waiting.add(this);
    try {
      await writeInPool(this.#fd, request(verb, fields));
      if (this.#open) return this.#answer(verb);
    } catch (cause) {
      if (this.#open) throw ModelError.from(cause, verb, this.#who);
    } finally {
      this.#waiting = false;
      waiting.delete(this);
    }
    throw ModelError.refused("ECANCELED", verb, this.#who);
  }

  /** A call under way ends with ECANCELED. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#waiting) abortWrite(this.#fd);
    else closeSync(this.#fd);
  }

  /** A second call would sleep in the kernel until the first is through, with all of Node. */
  #check(verb: Verb): void {
    if (!this.#open) throw ModelError.refused("ENOTCONN", verb, this.#who);
    if (this.#waiting) throw ModelError.refused("EBUSY", verb, this.#who);
  }

  #answer<V extends Question>(verb: V): Answer<V> {
    const layout: (typeof layouts)[V] = layouts[verb];
    const length = readSync(this.#fd, room, 0, room.length, null);
    const message = Buffer.from(room.subarray(sizeOf(layout), length));
    return { fields: decode(layout, room), message };
  }
}

/** For any answer; one for all, as reading it and taking it apart is one step. */
const room = Buffer.alloc(sizeOf(layouts.recv) + MESSAGE_MAX);

function request<V extends Verb>(
  verb: V,
  fields: Partial<Fields<V>>,
  message: Uint8Array = Buffer.alloc(0),
): Buffer {
  const layout: (typeof layouts)[V] = layouts[verb];
  const call = encode(layouts.call, { number: numbers[verb] });
  return Buffer.concat([call, encode(layout, fields), message]);
}

/** write(2) as it is, not at a position: the device has none. */
function writeInPool(fd: number, bytes: Buffer): Promise<void> {
  return new Promise((done, failed) => {
    write(fd, bytes, 0, bytes.length, null, (error) => (error ? failed(error) : done()));
  });
}

/** Node joins the threads of its pool at exit: one that waits for a window would be for ever. */
const waiting = new Set<Device>();
process.on("exit", () => {
  for (const device of waiting) device.close();
});
