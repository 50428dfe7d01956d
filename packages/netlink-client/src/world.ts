// SPDX-License-Identifier: Apache-2.0
import type { LivestackEvent } from "./events.js";
import type { Component, Link, MemberKey, Session } from "./objects.js";

/** What a listener knows of the kernel: apply every event, in order. */
export class World {
  readonly sessions = new Map<number, Session>();
  /** By memberKey. */
  readonly components = new Map<string, Component>();
  readonly links = new Map<string, Link>();

  apply(event: LivestackEvent): void {
    switch (event.type) {
      case "resync":
        this.#replace(event.data);
        break;
      case "sessionNtf":
        this.sessions.set(event.data.id, event.data);
        break;
      case "sessionDelNtf":
        this.sessions.delete(event.data.id);
        // They go with their session, without events of their own.
        forget(this.components, event.data.id);
        forget(this.links, event.data.id);
        break;
      case "componentNtf":
        this.components.set(memberKey(event.data), event.data);
        break;
      case "componentDelNtf":
        this.components.delete(memberKey(event.data));
        break;
      case "linkNtf":
        this.links.set(memberKey(event.data), event.data);
        break;
      case "linkDelNtf":
        this.links.delete(memberKey(event.data));
        break;
    }
  }

  #replace({ sessions, components, links }: (LivestackEvent & { type: "resync" })["data"]): void {
    this.sessions.clear();
    this.components.clear();
    this.links.clear();
    for (const session of sessions) this.sessions.set(session.id, session);
    for (const component of components) this.components.set(memberKey(component), component);
    for (const link of links) this.links.set(memberKey(link), link);
  }
}

/** "SESSION/ID": ids of components and links are their session's own. */
export function memberKey({ session, id }: MemberKey): string {
  return `${session}/${id}`;
}

function forget<Member extends MemberKey>(members: Map<string, Member>, session: number): void {
  for (const [key, member] of members) if (member.session === session) members.delete(key);
}
