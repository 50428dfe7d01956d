// SPDX-License-Identifier: Apache-2.0
import {
  type Component,
  type Direction,
  type Histogram,
  type Link,
  type Peer,
  type Session,
  summarise,
} from "@livestack/netlink-client";
import { textTable } from "../text-table.js";
import { hostsText } from "./hosts-text.js";
import {
  type NameOf,
  namesOf,
  numberText,
  stateText,
  timeText,
  waitsForText,
  wordOf,
} from "./show.js";

export interface SessionStatus {
  session: Session;
  components: readonly Component[];
  links: readonly Link[];
  /** the other hosts, where it is on several */
  peers: readonly Peer[];
  /** names of hosts by their numbers, as far as they are known here */
  hosts: readonly string[];
}

/** What `livestack status` shows to people. */
export function statusText(status: SessionStatus): string {
  const { session, components, links, peers, hosts } = status;
  const nameOf = namesOf(components);
  const delays = [
    ...components.flatMap(delaysOfComponent),
    ...links.flatMap((link) => delaysOfLink(link, nameOf)),
  ];
  const parts = [
    factsText(session, nameOf),
    ...(peers.length === 0 ? [] : [hostsText(peers, hosts)]),
    components.length === 0
      ? "no components\n"
      : textTable(COMPONENT, components.map(componentRow)),
    links.length === 0
      ? "no links\n"
      : textTable(
          LINK,
          links.flatMap((link) => linkRows(link, nameOf)),
        ),
    delays.length === 0 ? "nothing late, no overshoot\n" : textTable(DELAY, delays),
  ];
  return parts.join("\n");
}

function factsText(session: Session, nameOf: NameOf): string {
  const { mode, released, skippedNs, windows, startNs, windowEndNs } = session;
  const window = `${timeText(startNs)} to ${timeText(windowEndNs)}, number ${windows}`;
  const facts: [string, string][] = [
    ["session", `${session.id} ${session.name}`],
    ["uuid", session.uuid],
    ["state", stateText(session, nameOf)],
    ["mode", `${wordOf("mode", mode)}${released ? ", gating was given up while it ran" : ""}`],
    ["simulated", `${timeText(session.clockNs)}, of it ${timeText(skippedNs)} skipped`],
    ["end", session.endNs === undefined ? "none" : timeText(session.endNs)],
    ["window", windows === 0n ? "none yet" : window],
    ["quantum", timeText(session.quantumNs)],
    ["lookahead", timeText(session.lookaheadNs)],
    ["joined", `${session.joined} of ${session.components} components`],
    ["waits for", waitsForText(session, nameOf)],
    ["late", `${numberText(session.late)} messages`],
  ];
  return facts.map(([name, fact]) => `${name.padEnd(9)}  ${fact}\n`).join("");
}

const COMPONENT = [
  "ID",
  "COMPONENT",
  "KIND",
  "PLACE",
  "CLOCK",
  "NEXT EVENT",
  "WINDOWS",
  "PID",
  "SENT",
  "RECEIVED",
  "QUEUED",
  "LATE",
];

function componentRow(component: Component): string[] {
  return [
    numberText(component.id),
    component.name,
    wordOf("kind", component.kind),
    wordOf("place", component.place),
    timeText(component.clockNs),
    timeText(component.nextNs),
    numberText(component.windows),
    numberText(component.pid),
    numberText(component.sent),
    numberText(component.received),
    numberText(component.queued),
    numberText(component.late),
  ];
}

const LINK = [
  "ID",
  "FROM",
  "TO",
  "LATENCY",
  "SENT",
  "RECEIVED",
  "QUEUED",
  "DROPPED",
  "REFUSED",
  "LATE",
];

/** A link has two ways, each with counts of its own. */
function linkRows(link: Link, nameOf: NameOf): string[][] {
  const way = (from: number, to: number, latencyNs: bigint, counts: Direction | undefined) => [
    numberText(link.id),
    nameOf(link.session, from),
    nameOf(link.session, to),
    timeText(latencyNs),
    numberText(counts?.sent),
    numberText(counts?.received),
    numberText(counts?.queued),
    numberText(counts?.dropped),
    numberText(counts?.refused),
    numberText(counts?.late),
  ];
  return [
    way(link.a, link.b, link.latencyNs, link.toB),
    way(link.b, link.a, link.backLatencyNs ?? link.latencyNs, link.toA),
  ];
}

const DELAY = ["WHAT", "COUNT", "P50 UP TO", "P99 UP TO", "MAX UP TO"];

function delaysOfComponent({ name, lateNs, overshootNs }: Component): string[][] {
  return [...delayRow(`late to ${name}`, lateNs), ...delayRow(`overshoot of ${name}`, overshootNs)];
}

function delaysOfLink({ session, id, a, b, toA, toB }: Link, nameOf: NameOf): string[][] {
  return [
    ...delayRow(`late on link ${id} to ${nameOf(session, b)}`, toB?.lateNs),
    ...delayRow(`late on link ${id} to ${nameOf(session, a)}`, toA?.lateNs),
  ];
}

function delayRow(what: string, histogram: Histogram | undefined): string[][] {
  const summary = summarise(histogram ?? []);
  if (!summary) return [];
  const { count, p50, p99, max } = summary;
  return [[what, numberText(count), timeText(p50), timeText(p99), timeText(max)]];
}
