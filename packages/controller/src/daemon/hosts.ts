// SPDX-License-Identifier: Apache-2.0
// The hosts of a controller: which there are to be (the inventory), and which are there.
import type { Health, Hello } from "@livestack/proto/agent";
import { refuseSkew } from "../cluster/version-skew.js";
import { LivestackError } from "../livestack-error.js";
import type { DaemonLog } from "./daemon-log.js";
import type { HostLink } from "./host-link.js";

/** Beats that may be missing until a host is lost. */
const BEATS = 3;

export type HostCondition = "unseen" | "up" | "lost" | "refused";

export interface Host {
  readonly name: string;
  drained: boolean;
  condition: HostCondition;
  /** why it is lost or refused */
  why?: string;
  link?: HostLink;
  version?: string;
  health?: Health;
  /** Date.now() when it was last heard of */
  heardMs?: number;
}

/** Is told of hosts that come and go. */
export interface HostWatcher {
  hostIsUp(host: Host): void;
  hostIsLost(host: Host): void;
}

export class Hosts {
  readonly beatMs: number;
  readonly #log: DaemonLog;
  readonly #hosts = new Map<string, Host>();
  readonly #watchers = new Set<HostWatcher>();
  readonly #timer: NodeJS.Timeout;

  constructor(kept: readonly { name: string; drained: boolean }[], beatMs: number, log: DaemonLog) {
    this.beatMs = beatMs;
    this.#log = log;
    for (const { name, drained } of kept)
      this.#hosts.set(name, { name, drained, condition: "unseen" });
    this.#timer = setInterval(() => this.#loseSilent(), beatMs);
  }

  watch(watcher: HostWatcher): void {
    this.#watchers.add(watcher);
  }

  all(): Host[] {
    return [...this.#hosts.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws LivestackError NO_SUCH_HOST */
  get(name: string): Host {
    const host = this.#hosts.get(name);
    if (host) return host;
    throw new LivestackError("NO_SUCH_HOST", "it is not in the controller's inventory", {
      place: name,
      hint: `\`livestack hosts add ${name}\` adds it; \`livestack hosts ls\` shows who is`,
    });
  }

  find(name: string): Host | undefined {
    return this.#hosts.get(name);
  }

  /** @throws LivestackError HOST_EXISTS */
  add(name: string): void {
    if (this.#hosts.has(name))
      throw new LivestackError("HOST_EXISTS", "it is in the inventory already", {
        place: name,
        hint: "`livestack hosts ls` shows it",
      });
    this.#hosts.set(name, { name, drained: false, condition: "unseen" });
  }

  remove(name: string): void {
    const host = this.get(name);
    this.#hosts.delete(name);
    host.link?.goodbye("it was removed from the inventory");
    if (host.link) this.#lose(host, "it was removed from the inventory");
  }

  /**
   * Takes a host's agent.
   * @param name of its certificate
   * @throws LivestackError NO_SUCH_HOST, NOT_TRUSTED, HOST_TAKEN, VERSION_SKEW
   */
  accept(name: string, hello: Hello, link: HostLink): Host {
    const host = this.get(name);
    if (hello.host !== name)
      throw new LivestackError("NOT_TRUSTED", `it calls itself ${hello.host || "nothing"}`, {
        place: `agent ${name}`,
        hint: "each host has a certificate of its own: livestack pki issue agent NAME",
      });
    if (host.link?.isOpen && host.link.hello.instance !== hello.instance)
      throw new LivestackError("HOST_TAKEN", "another agent of this name is connected", {
        place: `agent ${name}`,
        hint: "one host, one agent; a dead one is given up after three beats",
      });
    try {
      refuseSkew(`agent ${name}`, hello.version);
    } catch (error) {
      Object.assign(host, { condition: "refused", why: LivestackError.from(error).message });
      Object.assign(host, { version: hello.version, heardMs: Date.now() });
      throw error;
    }
    host.link?.goodbye("its agent has connected again");
    const { version, health } = hello;
    Object.assign(host, { link, version, health, heardMs: Date.now(), condition: "up" });
    delete host.why;
    this.#log.info(`agent ${name}: connected, version ${version}`);
    return host;
  }

  /** After its agent has been welcomed. */
  announce(host: Host): void {
    for (const watcher of this.#watchers) watcher.hostIsUp(host);
  }

  heard(host: Host, health?: Health): void {
    host.heardMs = Date.now();
    if (health) host.health = health;
  }

  /** The stream of this link has ended; it may not be the host's any more. */
  left(host: Host, link: HostLink, why: string): void {
    if (host.link === link) this.#lose(host, why);
  }

  /** Says goodbye to all. */
  close(why: string): void {
    clearInterval(this.#timer);
    for (const { link } of this.#hosts.values()) link?.goodbye(why);
  }

  #loseSilent(): void {
    const limitMs = Date.now() - BEATS * this.beatMs;
    for (const host of this.#hosts.values()) {
      if (!host.link || (host.heardMs ?? 0) >= limitMs) continue;
      const why = `nothing was heard of it for ${(BEATS * this.beatMs) / 1000} s`;
      const { link } = host;
      this.#lose(host, why);
      link.refuse(new LivestackError("HOST_LOST", why, { place: `agent ${host.name}` }));
    }
  }

  #lose(host: Host, why: string): void {
    delete host.link;
    Object.assign(host, { condition: "lost", why });
    this.#log.warn(`agent ${host.name}: lost: ${why}`);
    for (const watcher of this.#watchers) watcher.hostIsLost(host);
  }
}
