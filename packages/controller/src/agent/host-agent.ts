// SPDX-License-Identifier: Apache-2.0
// What one session has on this machine: kernel objects, machines, processes, its state on disk. The one
// place of a run that speaks to the kernel; handlers.ts offers it to the controller.
import type { State } from "@livestack/netlink-client";
import { codeOf } from "../code-of.js";
import type { RunResult } from "../guest/agent-client.js";
import { AgentError } from "../guest/agent-error.js";
import { identityOf, type ProcessIdentity } from "../host/process-identity.js";
import {
  type ComponentState,
  RuntimeFolder,
  type SessionState,
  STATE_SCHEMA,
} from "../host/session-state.js";
import { explainKernelError, type KernelClient } from "../kernel-client.js";
import { LivestackError } from "../livestack-error.js";
import { attachMachine } from "./attach-machine.js";
import { interfacesOf, type RunIp, removeInterfaces } from "./cabling.js";
import { DiskBackEnds, diskLinks } from "./disk-back-ends.js";
import { startCommands } from "./guest-commands.js";
import { keepEnd, keptEnd } from "./kept-ends.js";
import { LinkCaptures } from "./link-captures.js";
import { type GuestPlace, LiveGuest } from "./live-guest.js";
import {
  fillSession,
  type GuestNetwork,
  layNetworks,
  networksOf,
  newSession,
  stopSession,
} from "./make-session.js";
import { fresh, type Member } from "./member.js";
import { ModelProcess, modelAbsent } from "./model-process.js";
import type { Answer, Params } from "./protocol.js";
import { readStatistics, readStatus } from "./read-session.js";
import { keptOf, linksHere, meetHosts, shareSession, shareWith } from "./share-session.js";

const JOIN_POLL_MS = 20;
/** A guest that stands still does not answer. */
const ADOPT_LIMIT_MS = 60_000;

export interface AgentPlace {
  /** what stands for "/" */
  root: string;
  env: Readonly<NodeJS.ProcessEnv>;
  runIp: RunIp;
  /** where other hosts of a session reach this one; absent: it has none */
  address?: () => Promise<string>;
}

export class HostAgent {
  readonly kernel: KernelClient;
  readonly runtime: RuntimeFolder;
  readonly captures = new LinkCaptures();
  readonly #place: AgentPlace;
  readonly #members = new Map<number, Member>();
  #state: SessionState;
  #session: number | undefined;
  #networks: readonly GuestNetwork[] = [];
  #closed = false;

  private constructor(kernel: KernelClient, place: AgentPlace, state: SessionState) {
    this.kernel = kernel;
    this.#place = place;
    this.#state = state;
    this.runtime = new RuntimeFolder(place.root, state.uuid);
  }

  /** @param led by a controller */
  static create(
    kernel: KernelClient,
    place: AgentPlace,
    { uuid, name, led = false }: { uuid: string; name: string; led?: boolean },
  ): HostAgent {
    const owner = identityOf(process.pid);
    const agent = new HostAgent(kernel, place, {
      ...{ schema: STATE_SCHEMA, uuid, name, led, kind: "run", phase: "prepare", began: false },
      ...(owner && { owner }),
      ...{ components: [], links: [], interfaces: [], captures: [] },
    });
    agent.runtime.create();
    agent.#save();
    return agent;
  }

  /** Takes over what an earlier livestack has left. */
  static async adopt(
    kernel: KernelClient,
    place: AgentPlace,
    state: SessionState,
    logsOf: (name: string) => { consoleLog: string; vmmLog: string },
  ): Promise<HostAgent> {
    const owner = identityOf(process.pid);
    const agent = new HostAgent(kernel, place, { ...state, ...(owner && { owner }) });
    const sessions = await kernel.sessionDump();
    agent.#session = sessions.find(({ uuid }) => uuid === state.uuid)?.id;
    for (const kept of state.components) agent.#members.set(kept.id, fresh(kept));
    agent.#save();
    if (agent.#session !== undefined)
      agent.captures.start(place.root, agent.#session, state.captures);
    for (const member of agent.#members.values()) await agent.#adoptMember(member, logsOf);
    return agent;
  }

  get session(): number {
    if (this.#session !== undefined) return this.#session;
    throw new LivestackError("WRONG_STATE", "the session has not been made yet", {
      place: this.#state.name,
      hint: "ask prepare first",
    });
  }

  get uuid(): string {
    return this.#state.uuid;
  }

  async prepare(plan: Params<"prepare">): Promise<Answer<"prepare">> {
    this.#state.folder = plan.folder;
    const links = linksHere(plan);
    Object.assign(this.#state, keptOf({ ...plan, links }));
    for (const kept of this.#state.components) this.#members.set(kept.id, fresh(kept));
    this.#save();
    const sync = await this.#told(() => this.#makeSession({ ...plan, links }));
    this.captures.start(this.#place.root, this.session, this.#state.captures);
    return { session: this.session, ...(sync && { sync }) };
  }

  async startSync(plan: Params<"start-sync">): Promise<void> {
    this.#state.share = shareWith(this.#state, plan);
    this.#save();
    const { self } = this.#state.share;
    await this.#told(() => meetHosts(this.kernel, this.session, self, plan));
  }

  async boot(plan: Params<"boot">): Promise<Answer<"boot">> {
    const member = this.member(plan.component);
    const { id, name } = member.kept;
    const { root, env } = this.#place;
    const place = { id, name, uuid: this.uuid, runtime: this.runtime, root, env };
    const networks = this.#networks.filter(({ component }) => component === id);
    const disks = await this.#startDisks(member, place, plan);
    member.guest = await LiveGuest.start(place, plan, networks, disks).catch(async (error) => {
      await disks.end();
      throw error;
    });
    this.#keepProcess(member, member.guest.identity);
    // Whoever closed us meanwhile did not know of it.
    if (this.#closed) await member.guest.end();
    await member.guest.open();
    return { pid: member.guest.identity.pid };
  }

  async startModel(plan: Params<"model-start">): Promise<Answer<"model-start">> {
    const member = this.member(plan.component);
    const env = {
      ...this.#place.env,
      LIVESTACK_SESSION: String(this.session),
      LIVESTACK_SESSION_UUID: this.uuid,
      LIVESTACK_SESSION_NAME: this.#state.name,
    };
    member.model = await ModelProcess.start(this.uuid, env, plan);
    this.#keepProcess(member, member.model.identity);
    return { pid: member.model.identity.pid };
  }

  async modelsJoined(limitMs: number): Promise<void> {
    const models = [...this.#members.values()].filter(({ kept }) => kept.kind === "model");
    const limit = performance.now() + limitMs;
    for (;;) {
      const there = await this.#told(() => this.kernel.componentDump({ session: this.session }));
      const joined = new Set(there.filter(({ pid }) => pid !== undefined).map(({ id }) => id));
      const absent = models.filter(({ kept }) => !joined.has(kept.id));
      if (absent.length === 0) return;
      const gone = absent.find(({ model }) => model?.end !== undefined);
      if (gone || performance.now() > limit)
        throw modelAbsent((gone ?? absent[0])?.kept.name, gone?.model, limitMs);
      await new Promise((done) => setTimeout(done, JOIN_POLL_MS));
    }
  }

  async attach({ component, epochNs, exact }: Params<"attach">): Promise<Answer<"attach">> {
    const { guest, kept } = this.liveMember(component);
    const before = process.hrtime.bigint();
    const refusal = await guest.agent.setTime(epochNs).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof AgentError) return error.message;
        throw error;
      },
    );
    const { helpers, identity } = guest;
    const ofGuest = { pid: identity.pid, name: kept.name, helpers };
    const request = { session: this.session, component, exact, ...ofGuest };
    await attachMachine(this.kernel, { ...request, root: this.#place.root });
    this.member(component).attached = true;
    if (refusal !== undefined) return { clockRefusal: refusal };
    return { clockOffNs: process.hrtime.bigint() - before };
  }

  async detach(component: number): Promise<void> {
    const member = this.member(component);
    if (!member.attached) return;
    member.attached = false;
    try {
      await this.kernel.componentDetach({ session: this.session, id: component });
    } catch (error) {
      // It has left by itself: its VMM ended, or it was reset.
      const isGone = ["ENOENT", "ENOTCONN", "EINVAL"].includes(String(codeOf(error)));
      if (!isGone) throw explainKernelError(error, this.#place.root);
    }
  }

  startCommands({ component, commands }: Params<"commands-start">): Answer<"commands-start"> {
    const { guest } = this.liveMember(component);
    const member = this.member(component);
    const keep = (run: string, end: RunResult) => keepEnd(this.runtime, run, end);
    const runs = startCommands(guest.agent, commands, keep);
    for (const run of runs) member.runs.set(run.id, run);
    member.kept.runs = runs.map(({ id }) => id);
    this.#save();
    return { runs: member.kept.runs };
  }

  waitForCommand({ component, run }: Params<"command-wait">): Promise<Answer<"command-wait">> {
    const { guest } = this.liveMember(component);
    const found = this.member(component).runs.get(run);
    if (found) return guest.ask(() => found.result);
    throw new LivestackError("NOT_FOUND", `there is no run ${run}`, { hint: "start it first" });
  }

  async exec({ component, run, keepBytes }: Params<"guest-exec">): Promise<Answer<"guest-exec">> {
    const { guest } = this.liveMember(component);
    const member = this.member(component);
    if (member.attached) member.execs++;
    return guest.ask(
      (agent) => agent.run({ run, ...(keepBytes !== undefined && { keepBytes }) }).result,
    );
  }

  async setState(state: number): Promise<void> {
    await this.#told(() => this.kernel.sessionSet({ id: this.session, state: state as State }));
  }

  async status(): Promise<Answer<"status">> {
    const told = await this.#told(() => readStatus(this.kernel, this.session, this.#state.share));
    return { ...told, fates: this.#fates() };
  }

  async statistics(): Promise<Answer<"statistics">> {
    const { share } = this.#state;
    const told = await this.#told(() => readStatistics(this.kernel, this.session, share));
    const execs = [...this.#members.values()]
      .filter((member) => member.execs > 0)
      .map((member) => ({ component: member.kept.id, count: member.execs }));
    return { ...told, execs };
  }

  setPhase({ phase, began }: Params<"phase">): void {
    this.#state = { ...this.#state, phase, began };
    this.#save();
  }

  /** Ends all that runs here; goes on whatever fails, and throws the first failure at its end. */
  async close(): Promise<void> {
    const members = [...this.#members.values()];
    this.#closed = true;
    const failures: unknown[] = [];
    const attempt = (work: Promise<unknown>) => work.catch((error) => failures.push(error));
    for (const { kept } of members) await attempt(this.detach(kept.id));
    await Promise.all(
      members.map(({ guest, model }) => attempt(Promise.all([guest?.end(), model?.stop()]))),
    );
    await attempt(this.captures.end());
    if (this.#session !== undefined) await attempt(this.#deleteSession(this.#session));
    // A bridge keeps what was not ended.
    await attempt(removeInterfaces(this.#state.interfaces, this.#place.runIp));
    this.runtime.remove();
    if (failures.length > 0) throw explainKernelError(failures[0], this.#place.root);
  }

  /** Lets its machines run free and on, and forgets the session. @returns those that go on */
  async release(): Promise<ComponentState[]> {
    for (const { kept } of this.#members.values()) await this.detach(kept.id);
    if (this.#session !== undefined) await this.#deleteSession(this.#session);
    for (const { guest } of this.#members.values()) guest?.leave();
    return [...this.#members.values()]
      .filter(({ guest, model }) => guest ?? model)
      .map(({ kept }) => kept);
  }

  member(component: number): Member {
    const member = this.#members.get(component);
    if (member) return member;
    const names = [...this.#members.values()].map(({ kept }) => kept.name).join(", ");
    throw new LivestackError("NOT_FOUND", `the session has no component ${component}`, {
      place: this.#state.name,
      hint: names === "" ? "it has none yet" : `it has ${names}`,
    });
  }

  liveMember(component: number): Member & { guest: LiveGuest } {
    const member = this.member(component);
    const { guest, kept } = member;
    if (guest) return { ...member, guest };
    throw new LivestackError("WRONG_STATE", "there is no guest there", {
      place: kept.name,
      hint: kept.kind === "model" ? "it is a model, which is a process" : "it has not been booted",
    });
  }

  async #makeSession(plan: Params<"prepare">): Promise<Answer<"prepare">["sync"]> {
    const session = await newSession(this.kernel, plan);
    this.#session = session;
    const sync = await shareSession(this.kernel, session, plan, this.#place.address);
    if (plan.share) this.#state.share = { self: plan.share.self, hosts: [] };
    await fillSession(this.kernel, session, plan);
    this.#networks = networksOf(session, plan.links);
    // Before they are there: whoever comes after a kill is to know of them.
    this.#state.interfaces = interfacesOf(this.#networks.map(({ cable }) => cable));
    this.#save();
    await layNetworks(this.kernel, session, this.#networks, this.#place.runIp);
    return sync;
  }

  async #deleteSession(id: number): Promise<void> {
    this.#session = undefined;
    await stopSession(this.kernel, id);
    await this.kernel.sessionDel({ id });
  }

  async #adoptMember(
    member: Member,
    logsOf: (name: string) => { consoleLog: string; vmmLog: string },
  ): Promise<void> {
    const { id, name, kind, process: identity, helpers, runs } = member.kept;
    if (!identity) return;
    if (kind === "model") {
      member.model = ModelProcess.adopt(identity);
      return;
    }
    const { root, env } = this.#place;
    const place = { id, name, uuid: this.uuid, runtime: this.runtime, root, env };
    const guest = await LiveGuest.adopt(place, logsOf(name), identity, helpers);
    member.guest = guest;
    member.attached = true;
    const agent = await guest.connect(ADOPT_LIMIT_MS);
    for (const run of runs) {
      const end = keptEnd(this.runtime, run);
      const result = end && { id: run, result: Promise.resolve(end) };
      const keep = (id: string, ended: RunResult) => keepEnd(this.runtime, id, ended);
      member.runs.set(run, result ?? agent.adopt(run, keep));
    }
  }

  /** Of modelled ones; none else. */
  async #startDisks(
    { kept }: Member,
    place: GuestPlace,
    { name, diskModel: model, disks, vmmLog }: Params<"boot">,
  ): Promise<DiskBackEnds> {
    if (!model) return DiskBackEnds.adopt([]);
    const plan = { name, model, disks, vmmLog };
    this.#state.links.push(...diskLinks(plan));
    const keep = (identity: ProcessIdentity) => {
      kept.helpers.push(identity);
      this.#save();
    };
    return this.#told(() => DiskBackEnds.start(this.kernel, this.session, place, plan, keep));
  }

  #fates(): Answer<"status">["fates"] {
    return [...this.#members.values()].flatMap(({ kept, guest, model }) => {
      const how = guest?.fate ?? model?.fate;
      if (how === undefined) return [];
      return [{ component: kept.id, how, failed: guest !== undefined || model?.failed === true }];
    });
  }

  #keepProcess(member: Member, identity: NonNullable<ComponentState["process"]>): void {
    member.kept.process = identity;
    this.#save();
  }

  #save(): void {
    if (this.#closed) return;
    this.runtime.write({ ...this.#state, components: this.#keptMembers() });
  }

  #keptMembers(): ComponentState[] {
    return [...this.#members.values()].map(({ kept }) => kept);
  }

  async #told<Result>(ask: () => Promise<Result>): Promise<Result> {
    try {
      return await ask();
    } catch (error) {
      throw explainKernelError(error, this.#place.root);
    }
  }
}
