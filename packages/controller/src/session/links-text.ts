// SPDX-License-Identifier: Apache-2.0
// What `livestack link ls` shows to people.
import type { Direction, Link } from "@livestack/netlink-client";
import { quantityText, RATE, SHARE } from "../scenario/quantity.js";
import { textTable } from "../text-table.js";
import { type NameOf, numberText, timeText } from "./show.js";

export interface NamedLink extends Link {
  /** absent: not of a scenario */
  name?: string | undefined;
}

const HEAD = [
  ...["LINK", "FROM", "TO", "STATE", "LATENCY", "RATE", "JITTER", "LOSS"],
  ...["SENT", "RECEIVED", "QUEUED", "DROPPED", "FULL", "LOST", "TOO LONG", "DOWN", "GONE"],
];

export function linksText(links: readonly NamedLink[], nameOf: NameOf): string {
  if (links.length === 0) return "no links\n";
  return textTable(
    HEAD,
    links.flatMap((link) => [
      row(link, nameOf, link.a, link.b, link.latencyNs, link.toB),
      row(link, nameOf, link.b, link.a, link.backLatencyNs ?? link.latencyNs, link.toA),
    ]),
  );
}

function row(
  { id, name, session }: NamedLink,
  nameOf: NameOf,
  from: number,
  to: number,
  latencyNs: bigint,
  way: Direction = {},
): string[] {
  const { rateBps, jitterNs, lossPpm, down } = way;
  return [
    ...[name ?? String(id), nameOf(session, from), nameOf(session, to), down ? "down" : "up"],
    timeText(latencyNs),
    rateBps === undefined ? "-" : quantityText(rateBps, RATE),
    jitterNs ? timeText(jitterNs) : "-",
    lossPpm ? quantityText(BigInt(lossPpm), SHARE) : "-",
    ...[way.sent, way.received, way.queued, way.dropped].map(numberText),
    ...[way.droppedLimit, way.droppedLoss, way.droppedMtu, way.droppedDown].map(numberText),
    numberText(way.droppedGone),
  ];
}
