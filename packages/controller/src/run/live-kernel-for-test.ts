// SPDX-License-Identifier: Apache-2.0
// A kernel whose sessions keep time by this machine's clock: enough to play a run against.
import {
  type Component,
  Kind,
  type Link,
  NetlinkError,
  Parting,
  Place,
  Reason,
  type Session,
  State,
  type Vcpu,
  VcpuState,
} from "@livestack/netlink-client";
import { identityOf } from "../host/process-identity.js";
import type { KernelClient } from "../kernel-client.js";

type Change<Object> = { -readonly [Key in keyof Object]: Object[Key] };

interface Held {
  session: Change<Session>;
  components: Map<number, Change<Component>>;
  links: Link[];
  sinceMs: number;
}

export class LiveKernel {
  /** what was asked, in its order: "component-attach 0" */
  readonly asked: string[] = [];
  /** pids of those named at attach, and their start times */
  helpers: readonly bigint[] = [];
  readonly linksMade: Parameters<KernelClient["linkNew"]>[0][] = [];
  readonly shares: Parameters<KernelClient["syncNew"]>[0][] = [];
  readonly peers: Parameters<KernelClient["peerSet"]>[0][] = [];
  readonly components: Parameters<KernelClient["componentNew"]>[0][] = [];
  /** simulated time goes so much faster than this machine's */
  speed = 1;
  /** models join by themselves */
  modelsJoin = true;
  /** is called with what is asked, and may refuse */
  refuse: (what: string) => NetlinkError | undefined = () => undefined;
  readonly #held = new Map<number, Held>();
  #last = 0;

  readonly openClient = async (): Promise<KernelClient> => this.#client();

  get sessions(): number {
    return this.#held.size;
  }

  /** A session stops, as if its kernel had said so. */
  change(session: Partial<Session>): void {
    for (const held of this.#held.values()) Object.assign(held.session, session);
  }

  changeComponent(id: number, component: Partial<Component>): void {
    for (const held of this.#held.values()) Object.assign(held.components.get(id) ?? {}, component);
  }

  #client(): KernelClient {
    const told =
      <Request, Reply>(what: string, answer: (request: Request) => Reply) =>
      async (request: Request): Promise<Reply> => {
        const { id } = (request ?? {}) as { id?: number };
        const text = id === undefined ? what : `${what} ${id}`;
        if (!/get|dump/.test(what)) this.asked.push(text);
        const refused = this.refuse(text);
        if (refused) throw refused;
        return answer(request);
      };
    return {
      versionGet: async () => ({ version: "0.1.0", abi: 1 }),
      sessionNew: told("session-new", (request) => this.#new(request)),
      sessionDel: told("session-del", ({ id }) => {
        this.#of(id);
        this.#held.delete(id ?? 0);
      }),
      sessionGet: told("session-get", ({ id }) => ({ ...this.#now(id).session })),
      sessionDump: async () => [...this.#held.keys()].map((id) => ({ ...this.#now(id).session })),
      sessionSet: told("session-set", ({ id, state }) => this.#set(id, state)),
      componentNew: told(
        "component-new",
        ({ session = 0, id = 0, name = "", kind = Kind.live, ...more }) => {
          this.components.push({ id, kind, ...more });
          const place = kind === Kind.model && this.modelsJoin ? Place.joining : Place.absent;
          const joined = place === Place.joining ? { pid: 1 } : {};
          const common = { session, id, name, kind, place, ...joined };
          this.#of(session).components.set(id, { ...common, clockNs: 0n, windows: 0n });
        },
      ),
      componentGet: told("component-get", ({ session, id = 0 }) => this.#component(session, id)),
      componentDump: told("component-dump", (request?: { session?: number }) => {
        const session = request?.session;
        const held = session === undefined ? [...this.#held.values()] : [this.#of(session)];
        return held.flatMap(({ components }) => [...components.values()]);
      }),
      componentDel: told("component-del", ({ session, id = 0 }) => {
        this.#of(session).components.delete(id);
      }),
      componentAttach: told("component-attach", ({ session, id = 0, pid = 0, ...more }) => {
        const { startTicks, helpers = [] } = more;
        this.helpers = helpers;
        if (identityOf(pid)?.startTicks !== startTicks)
          throw new NetlinkError("ESRCH", "the process was started at another time");
        Object.assign(this.#component(session, id), { pid, vcpus: 1, place: Place.joining });
      }),
      componentDetach: told("component-detach", ({ session, id = 0 }) => {
        const component = this.#component(session, id);
        if (component.vcpus === undefined) throw new NetlinkError("ENOTCONN", "no machine there");
        delete component.vcpus;
        Object.assign(component, { parting: Parting.asked, place: Place.absent });
      }),
      vcpuDump: told("vcpu-dump", (request?: { session?: number }) =>
        [...this.#of(request?.session).components.values()]
          .filter(({ vcpus }) => vcpus)
          .map(vcpuOf),
      ),
      linkNew: told("link-new", (request) => {
        const { session = 0, id = 0, a = 0, b = 0, latencyNs = 0n } = request;
        this.linksMade.push(request);
        this.#of(session).links.push({ session, id, a, b, latencyNs });
      }),
      linkSet: told("link-set", ({ session, id, latencyNs }) => {
        const link = this.#of(session).links.find((each) => each.id === id);
        if (!link) throw new NetlinkError("ENOENT", `there is no link ${id}`);
        if (latencyNs !== undefined) Object.assign(link, { latencyNs });
      }),
      portNew: async ({ interface: name, fd, sized }) =>
        void this.asked.push(`port-new ${name ?? `fd ${fd}${sized ? " sized" : ""}`}`),
      syncNew: told("sync-new", ({ session = 0, ...share }) => {
        this.#of(session);
        this.shares.push({ session, ...share });
        return { session, host: share.host ?? 0, udpPort: 47_600, instance: BigInt(session) };
      }),
      peerSet: told("peer-set", (request) => void this.peers.push(request)),
      peerDump: async () => [],
      linkDump: told(
        "link-dump",
        (request?: { session?: number }) => this.#of(request?.session).links,
      ),
      // biome-ignore lint/correctness/useYield: this kernel tells of nothing by itself
      events: async function* () {
        return undefined;
      },
      close: async () => {},
    };
  }

  #new(request: Parameters<KernelClient["sessionNew"]>[0]): number {
    const id = ++this.#last;
    const { uuid = "", name = "", quantumNs = 0n, ...more } = request;
    const session: Session = {
      ...{ id, uuid, name, quantumNs, ...more, state: State.created, windows: 0n, clockNs: 0n },
      ...{ windowEndNs: 0n, components: 0, joined: 0, awaited: 0, late: 0n },
    };
    this.#held.set(id, { session, components: new Map(), links: [], sinceMs: 0 });
    return id;
  }

  #set(id: number | undefined, state: State | undefined): void {
    const held = this.#now(id);
    if (held.session.state === State.stopped)
      throw new NetlinkError("EINVAL", "nothing follows on stopped", { attribute: "state" });
    if (state !== undefined) held.session.state = state;
    held.session.reason = Reason.asked;
    held.sinceMs = performance.now();
  }

  /** With its clock brought forward to this moment. */
  #now(id: number | undefined): Held {
    const held = this.#of(id);
    const { session } = held;
    if (session.state !== State.running) return held;
    const nowMs = performance.now();
    const passed = BigInt(Math.round((nowMs - held.sinceMs) * 1e6 * this.speed));
    held.sinceMs = nowMs;
    session.clockNs = (session.clockNs ?? 0n) + passed;
    if (session.endNs !== undefined && session.clockNs >= session.endNs) {
      session.clockNs = session.endNs;
      Object.assign(session, { state: State.stopped, reason: Reason.ended });
    }
    session.windows = session.clockNs / session.quantumNs;
    return held;
  }

  #of(id: number | undefined): Held {
    const held = this.#held.get(id ?? 0);
    if (!held) throw new NetlinkError("ENOENT", `there is no session ${id}`);
    return held;
  }

  #component(session: number | undefined, id: number): Change<Component> {
    const component = this.#of(session).components.get(id);
    if (!component) throw new NetlinkError("ENOENT", `there is no component ${id}`);
    return component;
  }
}

function vcpuOf({ session, id }: Component): Vcpu {
  return {
    ...{ session, component: id, id: 0, state: VcpuState.running, clockNs: 0n },
    ...{ windows: 7n, parks: 5n, overshootNs: [0n, 0n, 0n, 90n, 10n], overshootMaxNs: 9n },
    ...{ preemptedNs: 1n, parkedNs: 2n, idleNs: 3n, userNs: 4n },
  };
}
