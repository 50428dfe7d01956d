// SPDX-License-Identifier: Apache-2.0
// The sessions that this host's agent serves for its controller, several at once.
import type { Call, ConnectRequest, OpenSession, Reply } from "@livestack/proto/agent";
import { piecesOf } from "../cluster/reply-pieces.js";
import type { DaemonLog } from "../daemon/daemon-log.js";
import { listStates, orphansAmong, type SessionState } from "../host/session-state.js";
import { LivestackError } from "../livestack-error.js";
import { releaseRun } from "../run/release-run.js";
import { CallTable } from "./call-table.js";
import { makeReady, readSessionFile } from "./host-verbs.js";
import { type HostContext, ServedSession } from "./served-session.js";

/** What came of a closed session's calls is known for so long. */
const FORGET_MS = 600_000;

type Result = NonNullable<Reply["result"]>;

export class ServedSessions {
  readonly #context: HostContext;
  readonly #log: DaemonLog;
  readonly #send: (message: ConnectRequest) => void;
  /** also those that are being opened or taken over */
  readonly #sessions = new Map<string, Promise<ServedSession>>();
  readonly #tables = new Map<string, CallTable>();
  readonly #stopped = new AbortController();

  /** @param send to whichever controller is connected; what finds none is asked again */
  constructor(context: HostContext, log: DaemonLog, send: (message: ConnectRequest) => void) {
    this.#context = context;
    this.#log = log;
    this.#send = send;
  }

  readonly isServed = (uuid: string): boolean => this.#sessions.has(uuid);

  get count(): number {
    return this.#sessions.size;
  }

  /** Takes over what an earlier agent has left; what had not begun is ended, as it cannot go on. */
  async adopt(): Promise<void> {
    for (const state of orphansAmong(listStates(this.#context.root)).filter(({ led }) => led)) {
      if (state.began) this.#adopt(state);
      else {
        this.#log.warn(`session ${state.name}: was left in phase ${state.phase}; it is ended`);
        await releaseRun(state, this.#context, { end: true }).catch((error) =>
          this.#log.error(error),
        );
      }
    }
  }

  take(call: Call): void {
    const table = this.#tables.get(call.session) ?? new CallTable();
    this.#tables.set(call.session, table);
    table
      .once(call, () => this.#result(call))
      .then((result) => this.#answer(call, result))
      .catch((error) => this.#log.error(error));
  }

  /** They go on without an agent, until one is started again. */
  async leave(): Promise<void> {
    this.#stopped.abort();
    for (const session of this.#sessions.values())
      await session.then((each) => each.leave()).catch(() => {});
  }

  #adopt(state: SessionState): void {
    const { uuid, name } = state;
    this.#log.info(`session ${name}: goes on, phase ${state.phase}`);
    const session = ServedSession.adopt(this.#context, state, this.#stopped.signal);
    this.#sessions.set(uuid, session);
    session.catch((error) => {
      if (this.#stopped.signal.aborted) return;
      this.#log.error(error);
      this.#sessions.delete(uuid);
    });
  }

  async #result(call: Call): Promise<Result> {
    try {
      return await this.#do(call);
    } catch (thrown) {
      // A defect of ours: whoever asked gets to read it, and so does this host.
      if (LivestackError.from(thrown).code === "INTERNAL") this.#log.error(thrown);
      const { code, message, place, hint } = LivestackError.from(thrown);
      const optional = {
        ...(place !== undefined && { place }),
        ...(hint !== undefined && { hint }),
      };
      return { $case: "failure", value: { code, message, ...optional } };
    }
  }

  async #do({ session: uuid, asker, verb }: Call): Promise<Result> {
    if (!verb)
      throw new LivestackError("BAD_REQUEST", "a call of a verb that this agent does not know", {
        hint: "use programs of one release on all machines",
      });
    switch (verb.$case) {
      case "makeReady":
        return { $case: "makeReady", value: await makeReady(verb.value, this.#context) };
      case "openSession":
        return this.#open(uuid, verb.value);
      case "readFile": {
        const { folder } = await this.#get(uuid);
        return { $case: "readFile", value: readSessionFile(folder, verb.value) };
      }
      case "close":
        await this.#close(uuid, asker);
        return { $case: "close", value: {} };
      default:
        return (await this.#get(uuid)).ask(verb);
    }
  }

  async #open(uuid: string, { name }: OpenSession): Promise<Result> {
    if (this.#sessions.has(uuid))
      throw new LivestackError("WRONG_STATE", "it is open already", { place: name });
    const opening = ServedSession.create(this.#context, uuid, name);
    this.#sessions.set(uuid, opening);
    opening.catch(() => this.#sessions.delete(uuid));
    const { folder } = await opening;
    this.#log.info(`session ${name} (${uuid}): opened`);
    return { $case: "openSession", value: { folder } };
  }

  /** One that is not there has been closed: the reply to that was lost. */
  async #close(uuid: string, asker: string): Promise<void> {
    const session = this.#sessions.get(uuid);
    this.#sessions.delete(uuid);
    // When the controller itself asks, nobody was there to fetch what was written.
    const keep = asker === "controller";
    await (await session?.catch(() => undefined))?.close({ keep });
    if (session) this.#log.info(`session ${uuid}: closed`);
    // Whoever lost the reply asks again soon, or not at all.
    setTimeout(() => this.#tables.delete(uuid), FORGET_MS).unref();
  }

  #get(uuid: string): Promise<ServedSession> {
    const session = this.#sessions.get(uuid);
    if (session) return session;
    throw new LivestackError("NO_SUCH_SESSION", "this host's agent does not serve it", {
      place: uuid,
      hint: "it was ended, or its agent was started again before simulated time had begun",
    });
  }

  #answer({ session, asker, id }: Call, result: Reply["result"]): void {
    const reply: Reply = { session, asker, id, result };
    const pieces = piecesOf(reply);
    if (!pieces) this.#send({ message: { $case: "reply", value: reply } });
    for (const value of pieces ?? []) this.#send({ message: { $case: "replyPiece", value } });
  }
}
