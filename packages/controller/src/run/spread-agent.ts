// SPDX-License-Identifier: Apache-2.0
// One session on the agents of several hosts, which a run sees as one agent. Each component, link and
// vCPU is told of by the host that has it.
import { setTimeout as sleep } from "node:timers/promises";
import { Reason, State } from "@livestack/netlink-client";
import type { Answer, Params, SessionStatus, Statistics, VerbName } from "../agent/protocol.js";
import type { SessionAgent } from "../agent/session-agent.js";
import { given } from "../given.js";
import { LivestackError } from "../livestack-error.js";
import { sharePlans, syncPlan } from "./span-hosts.js";

type Session = SessionStatus["session"];
type Link = Statistics["links"][number];
type Way = NonNullable<Link["toA"]>;

/** How long hosts may take to come to rest after one was told to pause. */
const REST_LIMIT_MS = 10_000;
const REST_POLL_MS = 20;

export interface LinkEnds {
  id: number;
  a: number;
  b: number;
}

export class SpreadAgent implements SessionAgent {
  readonly #agents: ReadonlyMap<string, SessionAgent>;
  readonly #places: ReadonlyMap<number, string>;
  readonly #links: readonly LinkEnds[];

  /**
   * @param agents by host, at least one
   * @param places host by component
   */
  constructor(
    agents: ReadonlyMap<string, SessionAgent>,
    places: ReadonlyMap<number, string>,
    links: readonly LinkEnds[],
  ) {
    this.#agents = agents;
    this.#places = places;
    this.#links = links;
  }

  async ask<Name extends VerbName>(name: Name, params: Params<Name>): Promise<Answer<Name>> {
    const { component } = params as { component?: number };
    if (component !== undefined) return this.#of(component).ask(name, params);
    if (name === "prepare")
      return (await this.#prepare(params as Params<"prepare">)) as Answer<Name>;
    if (name === "session-state")
      return (await this.#setState(params as Params<"session-state">)) as Answer<Name>;
    const answers = await this.#askAll(name, () => params);
    return this.#merged(name, answers) as Answer<Name>;
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.close();
  }

  #askAll<Name extends VerbName>(
    name: Name,
    paramsOf: (host: string) => Params<Name>,
  ): Promise<HostAnswer<Name>[]> {
    return Promise.all(
      [...this.#agents].map(async ([host, agent]) => ({
        host,
        got: await agent.ask(name, paramsOf(host)),
      })),
    );
  }

  /** One host alone agrees with itself. */
  async #prepare(plan: Params<"prepare">): Promise<Answer<"prepare">> {
    const plans = sharePlans(plan, this.#places);
    const prepared = await this.#askAll("prepare", (host) => plans.get(host) ?? plan);
    const [first] = prepared;
    if (!first) throw new LivestackError("WRONG_STATE", "the session has no host");
    if (prepared.length > 1) {
      const sync = syncPlan(this.#places, new Map(prepared.map(({ host, got }) => [host, got])));
      await this.#askAll("start-sync", () => sync);
    }
    return { session: first.got.session };
  }

  /** All have to begin; but where one stands the others do, who may have learnt of it before they are asked. */
  async #setState(params: Params<"session-state">): Promise<Answer<"session-state">> {
    if (this.#agents.size === 1 || params.state === State.running) {
      await this.#askAll("session-state", () => params);
      return {};
    }
    const asked = [...this.#agents.values()].map((agent) => agent.ask("session-state", params));
    const outcomes = await Promise.allSettled(asked);
    const refused = outcomes.filter((each) => each.status === "rejected");
    if (refused.length === outcomes.length) throw refused[0]?.reason;
    await this.#rest();
    return {};
  }

  /** Counts of two hosts are of one moment only when no window is open on either. */
  async #rest(): Promise<void> {
    const limit = performance.now() + REST_LIMIT_MS;
    while (performance.now() < limit) {
      const told = await this.#askAll("status", () => ({}));
      if (told.every(({ got }) => got.session.state !== State.running)) return;
      await sleep(REST_POLL_MS);
    }
  }

  #of(component: number): SessionAgent {
    const agent = this.#agents.get(this.#places.get(component) ?? "");
    if (agent) return agent;
    throw new LivestackError("NOT_FOUND", `component ${component} has no place on any host`);
  }

  #merged(name: VerbName, answers: readonly { host: string; got: unknown }[]): unknown {
    const [first] = answers;
    if (answers.length === 1) return first?.got;
    if (name === "status") return this.#status(answers as HostAnswer<"status">[]);
    if (name === "statistics") return this.#statistics(answers as HostAnswer<"statistics">[]);
    if (name === "captures-end")
      return {
        captures: (answers as HostAnswer<"captures-end">[]).flatMap(({ got }) => got.captures),
      };
    return first?.got;
  }

  #status(answers: readonly HostAnswer<"status">[]): Answer<"status"> {
    return {
      session: sessionOf(answers.map(({ got }) => got.session)),
      components: answers.flatMap(({ host, got }) =>
        got.components.filter(({ id }) => this.#places.get(id) === host),
      ),
      fates: answers.flatMap(({ got }) => got.fates),
    };
  }

  #statistics(answers: readonly HostAnswer<"statistics">[]): Answer<"statistics"> {
    const own = <Entry>(host: string, entries: readonly Entry[], idOf: (entry: Entry) => number) =>
      entries.filter((entry) => this.#places.get(idOf(entry)) === host);
    return {
      session: sessionOf(answers.map(({ got }) => got.session)),
      components: answers.flatMap(({ host, got }) => own(host, got.components, ({ id }) => id)),
      links: this.#links.map((link) => this.#link(link, answers)),
      vcpus: answers.flatMap(({ host, got }) => own(host, got.vcpus, (each) => each.component)),
      execs: answers.flatMap(({ host, got }) => own(host, got.execs, (each) => each.component)),
    };
  }

  #link({ id, a, b }: LinkEnds, answers: readonly HostAnswer<"statistics">[]): Link {
    const at = (component: number) =>
      answers
        .find(({ host }) => host === this.#places.get(component))
        ?.got.links.find((link) => link.id === id);
    const [atA, atB] = [at(a), at(b)];
    const [toA, toB] = [wayOf(atB?.toA, atA?.toA), wayOf(atA?.toB, atB?.toB)];
    return { id, ...(toA && { toA }), ...(toB && { toB }) };
  }
}

interface HostAnswer<Name extends VerbName> {
  host: string;
  got: Answer<Name>;
}

/** Wire and queue are the sender's host's, which counts all but what came in at the other end. */
function wayOf(sender: Way | undefined, receiver: Way | undefined): Way | undefined {
  if (!sender || !receiver) return sender ?? receiver;
  const { received, receivedBytes, late } = receiver;
  return { ...sender, ...given({ received, receivedBytes, late }) };
}

/**
 * That of the host that is furthest behind, or has stopped; late ones of all. One that another keeps from
 * going on only says so: the other knows why.
 */
function sessionOf(sessions: readonly Session[]): Session {
  const behind = [...sessions].sort((x, y) => Number((x.clockNs ?? 0n) - (y.clockNs ?? 0n)));
  const standing = behind.filter(({ state }) => state !== State.running);
  const found = standing.find(({ reason }) => reason !== Reason.peer) ?? standing[0] ?? behind[0];
  if (!found) throw new LivestackError("WRONG_STATE", "the session has no host");
  return { ...found, late: sessions.reduce((sum, { late }) => sum + (late ?? 0n), 0n) };
}
