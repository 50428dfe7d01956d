// SPDX-License-Identifier: Apache-2.0
import { Device } from "./device.js";
import { MESSAGE_MAX, TIME_NONE } from "./layout.js";
import { ModelError } from "./model-error.js";

/** What came over a link, and what the kernel knows about it. Times in ns of simulated time. */
export interface Message {
  arrivalNs: bigint;
  sendNs: bigint;
  /** so many messages had its source sent before */
  sequence: bigint;
  /** number of the component that sent it */
  source: number;
  /** number of the link; an answer goes back over the same */
  link: number;
  data: Buffer;
}

export interface JoinOptions {
  /** id on this host; default: LIVESTACK_SESSION, which `livestack run` sets */
  session?: number;
  /** default: LIVESTACK_COMPONENT, which `livestack run` sets */
  component?: number;
  /** default: /dev/livestack */
  device?: string;
}

/** libuv's own default and limit. */
const POOL_SIZE = 4;
const POOL_SIZE_MAX = 1024;

let joined = 0;

/**
 * A component of a session that this process simulates, from join() to close().
 *
 * It lives from wait() to wait(): each returns when the component's clock has reached its next event
 * or the arrival of a message, and what happens then takes no simulated time, however long the program
 * takes for it. kernel/include/uapi/linux/livestack.h has the protocol in prose;
 * examples/ has a client and a server.
 *
 * While a component waits it occupies one of the threads of Node's pool, of which there are 4 unless
 * UV_THREADPOOL_SIZE says otherwise when the program starts; worker threads share them. So join() lets
 * in one component less than there are: for more, raise it, or give each a process of its own.
 */
export class ModelComponent {
  readonly session: number;
  readonly component: number;
  readonly #device: Device;
  #clockNs = 0n;
  #endNs = 0n;
  #closed = false;

  private constructor(session: number, component: number, device: Device) {
    this.session = session;
    this.component = component;
    this.#device = device;
    joined++;
  }

  /**
   * Becomes a component of a session. It enters with the next window, when wait() returns first.
   * @throws ModelError ENOENT, EBUSY, EINVAL, ESHUTDOWN; POOL_TOO_SMALL, NOT_TOLD
   */
  static join(options: JoinOptions = {}): ModelComponent {
    const session = options.session ?? numberFromEnvironment("LIVESTACK_SESSION");
    const component = options.component ?? numberFromEnvironment("LIVESTACK_COMPONENT");
    const { device = "/dev/livestack" } = options;
    const who = `component ${component} of session ${session}`;
    checkPool(who);
    const opened = new Device(device, who);
    try {
      opened.tell("join", { session, component });
    } catch (error) {
      opened.close();
      throw error;
    }
    return new ModelComponent(session, component, opened);
  }

  /** Its simulated time, in ns: where the last wait() left it. */
  get clockNs(): bigint {
    return this.#clockNs;
  }

  /** The time, in ns, up to which it is free to run, as of the last wait(). */
  get endNs(): bigint {
    return this.#endNs;
  }

  /**
   * Through with all that is to be done at clockNs. Returns the new clockNs: `nextNs`, or the arrival
   * of a message if that is earlier; without `nextNs` it waits for messages alone. At once if a message
   * has arrived that was not received yet.
   * @param ranToNs how far the component has run by itself, if further than clockNs
   * @throws ModelError ESHUTDOWN once the session has stopped, ECANCELED after close()
   */
  async wait(nextNs: bigint = TIME_NONE, ranToNs: bigint = this.#clockNs): Promise<bigint> {
    const { fields } = await this.#device.askLong("wait", {
      ...{ clock_ns: ranToNs, next_ns: nextNs },
    });
    this.#clockNs = fields.clock_ns;
    this.#endNs = fields.end_ns;
    return this.#clockNs;
  }

  /**
   * Sends a message over a link, at clockNs or at a later time before endNs; the clock is then there.
   * @returns when it arrives, in ns
   * @throws ModelError EBUSY, EINVAL, EMSGSIZE, ENOENT, ENOTCONN, EHOSTUNREACH, ENETDOWN, ENOBUFS
   */
  send(link: number, data: Uint8Array, sendNs: bigint = this.#clockNs): bigint {
    const { fields } = this.#device.ask(
      "send",
      { send_ns: sendNs, length: data.length, link },
      data,
    );
    if (sendNs > this.#clockNs) this.#clockNs = sendNs;
    return fields.arrival_ns;
  }

  /** The next message that has arrived, in the order of arrival, source and sequence. */
  recv(): Message | undefined {
    try {
      const { fields, message } = this.#device.ask("recv", { length: MESSAGE_MAX });
      return {
        ...{ arrivalNs: fields.arrival_ns, sendNs: fields.send_ns, sequence: fields.sequence },
        ...{ source: fields.source, link: fields.link, data: message },
      };
    } catch (error) {
      if (error instanceof ModelError && error.code === "EAGAIN") return undefined;
      throw error;
    }
  }

  /** Where the component is, and the end of the session's window, in ns, as the kernel sees it. */
  now(): { clockNs: bigint; endNs: bigint } {
    const { fields } = this.#device.ask("now", {});
    return { clockNs: fields.clock_ns, endNs: fields.end_ns };
  }

  /**
   * Leaves the session. A process that ends without, while the window waits for its component, counts
   * as died, and the session pauses.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    joined--;
    this.#device.close();
  }
}

function numberFromEnvironment(name: string): number {
  const text = process.env[name] ?? "";
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new ModelError("NOT_TOLD", `join: no ${name} in the environment, and none was given`, {
    hint: "let `livestack run` start the program, or say session and component",
  });
}

/** One thread stays free, for files and names: else Node itself would wait for a window. */
function checkPool(who: string): void {
  const size = Math.min(Number(process.env.UV_THREADPOOL_SIZE) || POOL_SIZE, POOL_SIZE_MAX);
  if (joined + 1 < size) return;
  throw new ModelError(
    "POOL_TOO_SMALL",
    `${who}: join: with ${joined} components in this process, Node's pool of ${size} threads is used up`,
    {
      hint: `start the program with UV_THREADPOOL_SIZE=${joined + 2} or more, or give the component a process of its own`,
    },
  );
}
