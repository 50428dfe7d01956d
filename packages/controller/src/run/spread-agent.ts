// SPDX-License-Identifier: Apache-2.0
// One session on the agents of several hosts, which a run sees as one agent. Each component, link and
// vCPU is told of by the host that has it.
import { State } from "@livestack/netlink-client";
import type { Answer, Params, SessionStatus, Statistics, VerbName } from "../agent/protocol.js";
import type { SessionAgent } from "../agent/session-agent.js";
import { LivestackError } from "../livestack-error.js";
import { sharesOf, syncPlans } from "./span-hosts.js";

type Session = SessionStatus["session"];
type Link = Statistics["links"][number];

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
    const answers = await this.#askAll(name, () => params);
    if (name === "prepare") await this.#startSync(answers as HostAnswer<"prepare">[]);
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
  async #startSync(prepared: readonly HostAnswer<"prepare">[]): Promise<void> {
    if (this.#agents.size <= 1) return;
    const answers = new Map(prepared.map(({ host, got }) => [host, got]));
    const plans = syncPlans(sharesOf(this.#places), answers);
    await this.#askAll("start-sync", (host) => plans.get(host) as Params<"start-sync">);
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

  /** What came in at an end is counted where that end is. */
  #link({ id, a, b }: LinkEnds, answers: readonly HostAnswer<"statistics">[]): Link {
    const at = (component: number) =>
      answers
        .find(({ host }) => host === this.#places.get(component))
        ?.got.links.find((link) => link.id === id);
    const [toA, toB] = [at(a)?.toA, at(b)?.toB];
    return { id, ...(toA && { toA }), ...(toB && { toB }) };
  }
}

interface HostAnswer<Name extends VerbName> {
  host: string;
  got: Answer<Name>;
}

/** That of the host that is furthest behind, or has stopped; late ones of all. */
function sessionOf(sessions: readonly Session[]): Session {
  const behind = [...sessions].sort((x, y) => Number((x.clockNs ?? 0n) - (y.clockNs ?? 0n)));
  const standing = behind.find(({ state }) => state !== State.running);
  const [first] = behind;
  if (!first) throw new LivestackError("WRONG_STATE", "the session has no host");
  const late = sessions.reduce((sum, session) => sum + (session.late ?? 0n), 0n);
  return { ...(standing ?? first), late };
}
