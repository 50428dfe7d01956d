// SPDX-License-Identifier: Apache-2.0
import { type LivestackEvent, World } from "@livestack/netlink-client";
import type { OutputFormat } from "../output-format.js";
import { jsonOf, namesOf, stateText, timeText, wordOf } from "./show.js";

/** What an event is called on the screen and in JSON. */
const NAMES: Readonly<Record<LivestackEvent["type"], string>> = {
  resync: "resync",
  sessionNtf: "session",
  sessionDelNtf: "session-deleted",
  componentNtf: "component",
  componentDelNtf: "component-deleted",
  linkNtf: "link",
  linkDelNtf: "link-deleted",
};

/** The part of an event that is about one session; undefined when none is. */
export function onlyOf(event: LivestackEvent, session: number): LivestackEvent | undefined {
  if (event.type === "resync") {
    const { sessions, components, links } = event.data;
    const mine = (each: { session: number }) => each.session === session;
    return {
      type: "resync",
      data: {
        sessions: sessions.filter(({ id }) => id === session),
        components: components.filter(mine),
        links: links.filter(mine),
      },
    };
  }
  const { type, data } = event;
  const about = type === "sessionNtf" || type === "sessionDelNtf" ? data.id : data.session;
  return about === session ? event : undefined;
}

/** One line for each event, with the names that earlier events told. */
export class EventPrinter {
  readonly #output: OutputFormat;
  readonly #now: () => Date;
  readonly #world = new World();

  constructor(output: OutputFormat, now = () => new Date()) {
    this.#output = output;
    this.#now = now;
  }

  /** @returns the line with its newline; JSON has the host's own time as "at", in UTC */
  line(event: LivestackEvent): string {
    const at = this.#now().toISOString();
    // A name is wanted also of what this event takes away.
    const told = event.type.endsWith("DelNtf") ? this.#text(event) : undefined;
    this.#world.apply(event);
    if (this.#output === "text") return `${at.slice(11, 23)}  ${told ?? this.#text(event)}\n`;
    const json = { at, event: NAMES[event.type], ...(jsonOf(event.data) as object) };
    return `${JSON.stringify(json)}\n`;
  }

  #text(event: LivestackEvent): string {
    const name = NAMES[event.type];
    const { type, data } = event;
    const nameOf = namesOf([...this.#world.components.values()]);
    switch (type) {
      case "resync": {
        const { sessions, components, links } = data;
        const all = `${components.length} components, ${links.length} links`;
        return `${name}: ${sessions.length} sessions, ${all}`;
      }
      case "sessionNtf": {
        const at = data.clockNs === undefined ? "" : ` at ${timeText(data.clockNs)}`;
        return `${name} ${data.id} ${data.name}: ${stateText(data, nameOf)}${at}`;
      }
      case "sessionDelNtf":
        return `${name} ${data.id} ${data.name}`;
      case "componentNtf": {
        const who = data.pid === undefined ? "" : ` (pid ${data.pid})`;
        return `${name} ${data.name} of session ${data.session}: ${wordOf("place", data.place)}${who}`;
      }
      case "componentDelNtf":
        return `${name} ${nameOf(data.session, data.id)} of session ${data.session}`;
      case "linkNtf": {
        const ends = `${nameOf(data.session, data.a)} to ${nameOf(data.session, data.b)}`;
        return `${name} ${data.id} of session ${data.session}: ${ends}, ${timeText(data.latencyNs)}`;
      }
      case "linkDelNtf":
        return `${name} ${data.id} of session ${data.session}`;
    }
  }
}
