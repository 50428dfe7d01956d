// SPDX-License-Identifier: Apache-2.0
// The kernel's objects as this client hands them out. A generated reply may lack any attribute; what
// every release sends is certain here, and checked when it is received.
import type {
  ComponentGetReply,
  LinkGetReply,
  PeerGetReply,
  PortGetReply,
  SessionGetReply,
  SyncNewReply,
  VcpuGetReply,
} from "./generated/livestack.js";
import { specName } from "./limits.js";
import { NetlinkError } from "./netlink-error.js";

type With<Reply, Names extends readonly (keyof Reply)[]> = Reply &
  Required<Pick<Reply, Names[number]>>;

const SESSION = [
  "id",
  "uuid",
  "name",
  "quantumNs",
  "state",
  "windows",
  "windowEndNs",
  "components",
  "joined",
  "awaited",
] as const;
const COMPONENT = ["session", "id", "name", "kind", "place", "clockNs", "windows"] as const;
const LINK = ["session", "id", "a", "b", "latencyNs"] as const;
const VCPU = ["session", "component", "id", "state", "clockNs", "windows", "parks"] as const;
const PORT = ["session", "link", "end", "kind", "blocked"] as const;
const SYNC = ["session", "host", "udpPort", "instance"] as const;
const PEER = ["session", "host", "packetsOut", "packetsIn"] as const;
const SESSION_KEY = ["id", "uuid", "name"] as const;
const MEMBER_KEY = ["session", "id"] as const;

export type Session = With<SessionGetReply, typeof SESSION>;
export type Component = With<ComponentGetReply, typeof COMPONENT>;
export type Link = With<LinkGetReply, typeof LINK>;
export type Vcpu = With<VcpuGetReply, typeof VCPU>;
export type Port = With<PortGetReply, typeof PORT>;
/** A host's share in a session of several, as sync-new says it. */
export type Sync = With<SyncNewReply, typeof SYNC>;
/** Another host of a shared session. */
export type Peer = With<PeerGetReply, typeof PEER>;
/** Of a session that is no more. */
export type SessionKey = Required<Pick<SessionGetReply, (typeof SESSION_KEY)[number]>>;
/** Of a component or link that is no more. */
export type MemberKey = Required<Pick<ComponentGetReply, (typeof MEMBER_KEY)[number]>>;

export const asSession = (reply: SessionGetReply): Session => certain("session", SESSION, reply);
export const asComponent = (reply: ComponentGetReply): Component =>
  certain("component", COMPONENT, reply);
export const asLink = (reply: LinkGetReply): Link => certain("link", LINK, reply);
export const asVcpu = (reply: VcpuGetReply): Vcpu => certain("vcpu", VCPU, reply);
export const asPort = (reply: PortGetReply): Port => certain("port", PORT, reply);
export const asSync = (reply: SyncNewReply): Sync => certain("share", SYNC, reply);
export const asPeer = (reply: PeerGetReply): Peer => certain("peer", PEER, reply);
export const asSessionKey = (reply: Partial<SessionKey>): SessionKey =>
  certain("session", SESSION_KEY, reply);
export const asMemberKey = (reply: Partial<MemberKey>): MemberKey =>
  certain("member", MEMBER_KEY, reply);

/** @throws NetlinkError EBADMSG */
export function certain<Reply extends object, const Names extends readonly (keyof Reply)[]>(
  what: string,
  names: Names,
  reply: Reply,
): With<Reply, Names> {
  const missing = names.find((name) => reply[name] === undefined);
  if (missing === undefined) return reply as With<Reply, Names>;
  throw new NetlinkError(
    "EBADMSG",
    `livestack.ko sent a ${what} without ${specName(String(missing))}`,
    { hint: "load the module built from the same checkout as this program" },
  );
}
