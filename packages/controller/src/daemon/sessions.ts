// SPDX-License-Identifier: Apache-2.0
// The sessions of a controller: where their components are, and the way of calls and replies between a
// command line and hosts. What a session is stands in the hosts' kernels, not here.
import type { HostSession, Reply, ReplyPiece } from "@livestack/proto/agent";
import type { HostCall, RunSessionResponse, SessionPlan } from "@livestack/proto/control";
import { LivestackError } from "../livestack-error.js";
import type { ReplySink } from "./agent-service.js";
import type { KeptSession } from "./controller-state.js";
import type { DaemonLog } from "./daemon-log.js";
import type { Host, Hosts, HostWatcher } from "./hosts.js";
import { placeComponents, type Room } from "./placement.js";

/** By this name the controller itself asks. */
const SELF = "controller";

/** Of whom runs a session: the command line's side of its stream. */
export interface RunClient {
  send(response: RunSessionResponse): void;
  /** Ends its stream: there is nothing to wait for. */
  fail(error: LivestackError): void;
}

interface Session {
  kept: KeptSession;
  client?: RunClient;
  /** ends it when nobody has come back for it */
  absence?: NodeJS.Timeout;
  isAbandoned: boolean;
}

export interface SessionsParts {
  hosts: Hosts;
  log: DaemonLog;
  /** milliseconds after which a session without its command line is ended */
  absentMs: number;
  /** sessions have come or gone */
  changed: () => void;
}

export class Sessions implements ReplySink, HostWatcher {
  readonly #parts: SessionsParts;
  readonly #sessions = new Map<string, Session>();

  constructor(kept: readonly KeptSession[], parts: SessionsParts) {
    this.#parts = parts;
    for (const each of kept) this.#await(this.#remember(each));
    parts.hosts.watch(this);
  }

  get kept(): KeptSession[] {
    return [...this.#sessions.values()].map(({ kept }) => kept);
  }

  /** Those with components on a host. */
  on(host: string): KeptSession[] {
    return this.kept.filter((each) => hostsOf(each).includes(host));
  }

  /**
   * A new session gets its places; one that is there keeps them, and its replies go to this client.
   * @returns host by component id
   * @throws LivestackError NO_ROOM, NO_PRIVILEGE
   */
  open(plan: SessionPlan, user: string, client: RunClient): Map<number, string> {
    const { uuid } = plan;
    const known = this.#sessions.get(uuid);
    if (known && known.kept.user !== user && known.kept.user !== "")
      throw new LivestackError("NO_PRIVILEGE", "it is another user's session", {
        place: plan.name,
        hint: `ask ${known.kept.user}`,
      });
    const components = known?.kept.components.length ? known.kept.components : this.#place(plan);
    const session = known ?? this.#remember({ uuid, name: plan.name, user, components: [] });
    session.kept = { uuid, name: plan.name, user, components };
    session.client = client;
    clearTimeout(session.absence);
    session.isAbandoned = false;
    this.#parts.changed();
    const where = hostsOf(session.kept).join(", ");
    this.#parts.log.info(`session ${plan.name} (${uuid}): of ${user}, on ${where}`);
    return new Map(components.map(({ id, host }) => [id, host]));
  }

  /** To a host of the session; one that is away is asked again when it is back. */
  call(uuid: string, { host, call }: HostCall): void {
    const session = this.#sessions.get(uuid);
    const isOurs = session && hostsOf(session.kept).includes(host);
    if (!isOurs || !call || call.session !== uuid)
      throw new LivestackError("BAD_REQUEST", "a session asks its own hosts, about itself", {
        place: uuid,
        hint: "use programs of one release on all machines",
      });
    const { link, why = "its agent has not connected yet" } = this.#parts.hosts.find(host) ?? {};
    if (link) link.call(call);
    else session.client?.send(notice(host, true, why));
  }

  /** The command line has gone; unless it comes back, the session is ended. */
  leave(uuid: string, client: RunClient): void {
    const session = this.#sessions.get(uuid);
    if (session?.client !== client) return;
    delete session.client;
    this.#await(session);
  }

  reply(host: string, reply: Reply): void {
    const session = this.#sessions.get(reply.session);
    if (!session) return;
    if (reply.asker !== SELF) session.client?.send({ message: { $case: "reply", value: reply } });
    if (reply.result?.$case === "close") this.#leaveHost(session, host);
  }

  replyPiece(piece: ReplyPiece): void {
    const client = this.#sessions.get(piece.session)?.client;
    client?.send({ message: { $case: "replyPiece", value: piece } });
  }

  hostIsUp(host: Host): void {
    for (const each of host.health?.sessions ?? []) if (each.served) this.#learn(host.name, each);
    for (const session of this.#on(host.name)) {
      session.client?.send(notice(host.name, false, ""));
      if (session.isAbandoned) this.#close(session, host);
    }
  }

  hostIsLost({ name, why = "" }: Host): void {
    for (const session of this.#on(name)) session.client?.send(notice(name, true, why));
  }

  /** A host is about to be removed: what it has of sessions is ended there, and their runs with it. */
  leaveHost(host: Host): void {
    const error = new LivestackError(
      "HOST_LOST",
      "it was removed from the controller's inventory",
      {
        place: host.name,
      },
    );
    for (const session of this.#on(host.name)) {
      this.#close(session, host);
      session.client?.fail(error);
      this.#leaveHost(session, host.name);
    }
  }

  close(): void {
    for (const { absence } of this.#sessions.values()) clearTimeout(absence);
  }

  #place({ components }: SessionPlan) {
    const rooms = this.#parts.hosts
      .all()
      .filter(({ condition, drained }) => condition === "up" && !drained)
      .map((host) => this.roomOf(host));
    const places = placeComponents(components, rooms);
    return components.map(({ id, vcpus, memoryBytes }) => ({
      ...{ id, vcpus, memoryBytes },
      host: places.get(id) ?? "",
    }));
  }

  /** What a host has, and how much of it is promised. */
  roomOf({ name, health }: Host): Room {
    const placed = this.on(name)
      .flatMap(({ components }) => components)
      .filter(({ host }) => host === name);
    return {
      host: name,
      cpus: health?.cpus ?? 0,
      memoryBytes: health?.memoryBytes ?? 0n,
      placedVcpus: placed.reduce((sum, { vcpus }) => sum + vcpus, 0),
      placedMemoryBytes: placed.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0n),
    };
  }

  /** A host has one that was not written down: this controller's state was lost. */
  #learn(host: string, { uuid, name }: HostSession): void {
    const known = this.#sessions.get(uuid);
    if (known && hostsOf(known.kept).includes(host)) return;
    const kept = known?.kept ?? { uuid, name, user: "", components: [] };
    kept.components.push({ id: kept.components.length, host, vcpus: 0, memoryBytes: 0n });
    if (!known) this.#await(this.#remember(kept));
    this.#parts.changed();
  }

  #remember(kept: KeptSession): Session {
    const session: Session = { kept, isAbandoned: false };
    this.#sessions.set(kept.uuid, session);
    return session;
  }

  #await(session: Session): void {
    const { absentMs, log, hosts } = this.#parts;
    clearTimeout(session.absence);
    session.absence = setTimeout(() => {
      const { name, uuid } = session.kept;
      log.warn(`session ${name} (${uuid}): nobody came back for it; it is ended`);
      session.isAbandoned = true;
      for (const each of hostsOf(session.kept)) {
        const host = hosts.find(each);
        if (host?.link) this.#close(session, host);
      }
    }, absentMs);
  }

  #close({ kept }: Session, { link }: Host): void {
    const own = { session: kept.uuid, asker: SELF, id: 1n, oldest: 1n };
    link?.call({ ...own, verb: { $case: "close", value: {} } });
  }

  #leaveHost(session: Session, host: string): void {
    const { kept } = session;
    kept.components = kept.components.filter((each) => each.host !== host);
    if (kept.components.length === 0) {
      clearTimeout(session.absence);
      this.#sessions.delete(kept.uuid);
    }
    this.#parts.changed();
  }

  #on(host: string): Session[] {
    return [...this.#sessions.values()].filter(({ kept }) => hostsOf(kept).includes(host));
  }
}

function hostsOf({ components }: KeptSession): string[] {
  return [...new Set(components.map(({ host }) => host))];
}

function notice(host: string, lost: boolean, why: string): RunSessionResponse {
  return { message: { $case: "notice", value: { host, lost, why } } };
}
