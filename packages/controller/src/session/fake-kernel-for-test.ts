// SPDX-License-Identifier: Apache-2.0
import {
  type Component,
  type KernelState,
  Kind,
  type Link,
  type LivestackEvent,
  Mode,
  NetlinkError,
  type Peer,
  Place,
  Reason,
  type Session,
  State,
} from "@livestack/netlink-client";
import type { KernelClient } from "../kernel-client.js";

export const PAIR: Session = {
  id: 3,
  uuid: "0f3c6d1e-8a51-4f6e-9d53-6d3f5a1c0001",
  name: "pair",
  quantumNs: 1_000_000n,
  endNs: 60_000_000_000n,
  state: State.running,
  reason: Reason.asked,
  mode: Mode.strict,
  windows: 12n,
  startNs: 11_000_000n,
  windowEndNs: 12_000_000n,
  clockNs: 11_500_000n,
  skippedNs: 2_000_000n,
  components: 2,
  joined: 2,
  awaited: 1,
  waitsFor: 1,
  lookaheadNs: 1_000_000n,
  late: 4n,
};
export const DEAD: Session = {
  ...PAIR,
  id: 4,
  uuid: "0f3c6d1e-8a51-4f6e-9d53-6d3f5a1c0002",
  name: "3",
  state: State.paused,
  reason: Reason.died,
  culprit: 0,
  awaited: 0,
};
export const TWIN: Session = { ...DEAD, id: 5, uuid: "0f3c6d1e-8a51-4f6e-9d53-6d3f5a1c0003" };

export const CLIENT: Component = {
  session: 3,
  id: 0,
  name: "client",
  kind: Kind.model,
  place: Place.arrived,
  clockNs: 12_000_000n,
  nextNs: 2n ** 53n - 1n,
  windows: 12n,
  pid: 77,
  sent: 2n ** 60n,
  received: 5n,
  queued: 1,
  late: 0n,
};
export const SERVER: Component = {
  ...CLIENT,
  id: 1,
  name: "server",
  place: Place.running,
  late: 4n,
  lateNs: [1n, 0n, 2n, 0n, 1n],
  overshootNs: [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 3n],
};
export const LINK: Link = {
  session: 3,
  id: 9,
  a: 0,
  b: 1,
  latencyNs: 1_000_000n,
  backLatencyNs: 2_500_000n,
  toB: { sent: 8n, received: 7n, queued: 1, late: 4n, lateNs: [0n, 4n] },
};
export const ALL: KernelState = {
  sessions: [PAIR, DEAD, TWIN],
  components: [CLIENT, SERVER, { ...CLIENT, session: 4, name: "lone" }],
  links: [LINK],
};

async function unused(): Promise<never> {
  throw new NetlinkError("EOPNOTSUPP", "the fake kernel does not know it");
}

const UNUSED = {
  sessionNew: unused,
  sessionDel: unused,
  componentNew: unused,
  componentGet: unused,
  componentDel: unused,
  componentAttach: unused,
  componentDetach: unused,
  vcpuDump: unused,
  linkNew: unused,
  linkSet: unused,
  portNew: unused,
  syncNew: unused,
  peerSet: unused,
};

/** A kernel that holds what it is given; `set` keeps what it was asked for. */
export function fakeKernel(
  state: KernelState,
  {
    events = [],
    refuse,
    peers = [],
  }: { events?: LivestackEvent[]; refuse?: NetlinkError; peers?: Peer[] } = {},
) {
  const set: Parameters<KernelClient["sessionSet"]>[0][] = [];
  const linksSet: Parameters<KernelClient["linkSet"]>[0][] = [];
  const closed = { times: 0 };
  const client: KernelClient = {
    ...UNUSED,
    versionGet: async () => ({ version: "0.1.0", abi: 1 }),
    sessionDump: async () => [...state.sessions],
    componentDump: async () => [...state.components],
    linkDump: async () => [...state.links],
    peerDump: async () => peers,
    sessionGet: async ({ id }) => {
      const found = state.sessions.find((each) => each.id === id);
      if (!found) throw new NetlinkError("ENOENT", "there is no session of this id");
      return { ...found, ...Object.assign({}, ...set.filter((each) => each.id === id)) };
    },
    linkSet: async (request) => {
      if (refuse) throw refuse;
      linksSet.push(request);
    },
    sessionSet: async (request) => {
      if (refuse) throw refuse;
      set.push(request);
    },
    events: async function* (): AsyncGenerator<LivestackEvent, undefined> {
      yield { type: "resync", data: state };
      yield* events;
      return undefined;
    },
    close: async () => {
      closed.times++;
    },
  };
  return { set, linksSet, closed, openClient: async () => client };
}
