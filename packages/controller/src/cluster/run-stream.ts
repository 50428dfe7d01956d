// SPDX-License-Identifier: Apache-2.0
// A session's stream between command line and controller. When it is lost it is opened again, and all that
// has no reply yet is sent again under its id: the agent does each once.
import { randomUUID } from "node:crypto";
import type { Reply } from "@livestack/proto/agent";
import type {
  ControlServiceClient,
  HostNotice,
  RunSessionResponse,
  SessionPlan,
} from "@livestack/proto/control";
import { LivestackError } from "../livestack-error.js";
import { BackOff, type BackOffLimits } from "./back-off.js";
import { ReplyAssembly } from "./reply-pieces.js";
import { errorOf, isConnectionLost, knownCode } from "./rpc-error.js";
import type { CallVerb, ReplyResult } from "./typed-verbs.js";

type Stream = ReturnType<ControlServiceClient["runSession"]>;
export type HostVerb = CallVerb;

export interface RunStreamOptions {
  client: ControlServiceClient;
  address: string;
  plan: SessionPlan;
  backOff: BackOffLimits;
  /** milliseconds after which a controller or host that is lost is given up */
  lostMs: number;
  /** the user has had enough: what is lost is given up at once */
  interrupted: AbortSignal;
  /** is told of what is lost and back, a sentence each */
  say: (text: string) => void;
}

interface Asked {
  host: string;
  verb: HostVerb;
  done: (result: ReplyResult) => void;
  failed: (error: LivestackError) => void;
}

export class RunStream {
  /** host by component id */
  places: ReadonlyMap<number, string> = new Map();
  readonly #options: RunStreamOptions;
  readonly #asker = randomUUID();
  readonly #asked = new Map<bigint, Asked>();
  readonly #assembly = new ReplyAssembly();
  readonly #backOff: BackOff;
  /** what is lost, the hosts by their names, with the timer that gives it up */
  readonly #lost = new Map<string, { timer: NodeJS.Timeout; error: LivestackError }>();
  #stream: Stream | undefined;
  #redial: NodeJS.Timeout | undefined;
  #lastId = 0n;
  #failure: LivestackError | undefined;
  #isClosed = false;

  private constructor(options: RunStreamOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.backOff);
    options.interrupted.addEventListener("abort", this.#giveUpLost, { once: true });
  }

  /** @throws LivestackError CONTROLLER_SILENT, NO_ROOM, VERSION_SKEW and what else it is refused with */
  static async open(options: RunStreamOptions): Promise<RunStream> {
    const stream = new RunStream(options);
    await stream.#dial();
    return stream;
  }

  get hosts(): string[] {
    return [...new Set(this.places.values())];
  }

  /** @throws LivestackError what the host says; HOST_LOST or CONTROLLER_SILENT when it stays away */
  ask(host: string, verb: HostVerb): Promise<ReplyResult> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((done, failed) => {
      const id = ++this.#lastId;
      this.#asked.set(id, { host, verb, done, failed });
      this.#send(id);
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#redial);
    this.#options.interrupted.removeEventListener("abort", this.#giveUpLost);
    for (const { timer } of this.#lost.values()) clearTimeout(timer);
    this.#fail(new LivestackError("INTERRUPTED", "the session was closed"));
    this.#stream?.end();
    this.#options.client.close();
  }

  /** One try; settles when the session is open. */
  #dial(): Promise<void> {
    const { client, plan, address } = this.#options;
    const components = plan.components.map((each) => ({
      ...each,
      host: this.places.get(each.id) ?? each.host,
    }));
    const stream = client.runSession();
    return new Promise<void>((done, failed) => {
      let isOpen = false;
      stream.on("data", (response: RunSessionResponse) => {
        if (response.message?.$case === "opened") {
          isOpen = true;
          this.#opened(stream, response.message.value.components);
          done();
        } else this.#take(response);
      });
      const ended = (thrown: unknown) => {
        if (this.#stream === stream) this.#stream = undefined;
        if (!isOpen) failed(thrown instanceof Error ? thrown : gone(address));
        else if (!this.#isClosed) this.#ended(thrown);
      };
      stream.on("error", ended);
      stream.on("end", () => ended(gone(address)));
      stream.write({ message: { $case: "open", value: { ...plan, components } } });
    }).catch((thrown) => {
      throw isConnectionLost(thrown) ? thrown : errorOf(thrown, address);
    });
  }

  #opened(stream: Stream, components: readonly { id: number; host: string }[]): void {
    this.places = new Map(components.map(({ id, host }) => [id, host]));
    this.#stream = stream;
    this.#backOff.reset();
    this.#assembly.clear();
    this.#isBack(this.#options.address, "the controller is back");
    for (const id of this.#asked.keys()) this.#send(id);
  }

  /** @param thrown what an open stream has ended with */
  #ended(thrown: unknown): void {
    const { address } = this.#options;
    if (!isConnectionLost(thrown) && !(thrown instanceof LivestackError)) {
      this.#fail(errorOf(thrown, address));
      return;
    }
    this.#isLost(address, gone(address), "the controller is lost; the session goes on meanwhile");
    this.#dialLater();
  }

  #dialLater(): void {
    if (this.#isClosed || this.#failure) return;
    this.#redial = setTimeout(() => {
      this.#dial().catch((thrown) => {
        if (isConnectionLost(thrown)) this.#dialLater();
        else this.#fail(errorOf(thrown, this.#options.address));
      });
    }, this.#backOff.next());
  }

  #send(id: bigint): void {
    const asked = this.#asked.get(id);
    if (!asked || !this.#stream?.writable) return;
    const { host, verb } = asked;
    const [oldest = id] = this.#asked.keys();
    const call = { session: this.#options.plan.uuid, asker: this.#asker, id, oldest, verb };
    this.#stream.write({ message: { $case: "call", value: { host, call } } });
  }

  #take({ message }: RunSessionResponse): void {
    if (message?.$case === "reply") this.#settle(message.value);
    else if (message?.$case === "notice") this.#noticed(message.value);
    else if (message?.$case === "replyPiece" && message.value.asker === this.#asker) {
      const whole = this.#assembly.push(message.value);
      if (whole) this.#settle(whole);
    }
  }

  #settle({ asker, id, result }: Reply): void {
    const asked = asker === this.#asker ? this.#asked.get(id) : undefined;
    if (!asked) return;
    this.#asked.delete(id);
    if (result?.$case === "failure") {
      const { code, message, place, hint } = result.value;
      const where = place === undefined ? asked.host : `${asked.host}: ${place}`;
      const details = { place: where, ...(hint !== undefined && { hint }) };
      asked.failed(new LivestackError(knownCode(code), message, details));
    } else if (result) asked.done(result);
    else asked.failed(new LivestackError("BAD_REQUEST", "a reply that this program does not know"));
  }

  #noticed({ host, lost, why }: HostNotice): void {
    if (lost) {
      const error = new LivestackError("HOST_LOST", why, {
        place: host,
        hint: "`livestack hosts ls` shows it; see that its agent runs and reaches the controller",
      });
      this.#isLost(host, error, `host ${host} is lost: ${why}; it is waited for`);
      return;
    }
    this.#isBack(host, `host ${host} is back`);
    for (const [id, asked] of this.#asked) if (asked.host === host) this.#send(id);
  }

  #isLost(what: string, error: LivestackError, text: string): void {
    if (this.#lost.has(what)) return;
    this.#options.say(text);
    const timer = setTimeout(() => this.#fail(error), this.#options.lostMs);
    this.#lost.set(what, { timer, error });
    if (this.#options.interrupted.aborted) this.#fail(error);
  }

  #isBack(what: string, text: string): void {
    const lost = this.#lost.get(what);
    if (!lost) return;
    clearTimeout(lost.timer);
    this.#lost.delete(what);
    this.#options.say(text);
  }

  readonly #giveUpLost = () => {
    const [first] = this.#lost.values();
    if (first) this.#fail(first.error);
  };

  /** Nothing more is to be had of this session. */
  #fail(error: LivestackError): void {
    this.#failure ??= error;
    for (const { failed } of this.#asked.values()) failed(error);
    this.#asked.clear();
  }
}

function gone(address: string): LivestackError {
  return new LivestackError("CONTROLLER_SILENT", "the connection to the controller was lost", {
    place: address,
    hint: "see that `livestack controller` runs there",
  });
}
