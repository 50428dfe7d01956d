// SPDX-License-Identifier: Apache-2.0
// A cluster inside one test: certificates, a controller on loopback, agents of hosts with fake kernels.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "tap";
import { type CertificateFiles, readCertificates } from "../cluster/credentials.js";
import type { Context } from "../context.js";
import { AgentDaemon } from "../host-daemon/agent-daemon.js";
import type { Identity } from "../pki/identity.js";
import { PkiFolder } from "../pki/pki-folder.js";
import { RunWorld } from "../run/run-world-for-test.js";
import { Controller, type ControllerOptions } from "./controller.js";
import { DaemonLog } from "./daemon-log.js";

const LIMIT_MS = 30_000;

export interface RunningAgent {
  world: RunWorld;
  /** as SIGTERM; settles when it has ended */
  stop(): Promise<void>;
}

export class ClusterWorld {
  /** of the machine of controller and command line, whose root is short */
  readonly world: RunWorld;
  readonly pki: PkiFolder;
  /** all lines that daemons have said */
  readonly lines: string[] = [];
  readonly #t: Test;
  #controller: Controller | undefined;
  #port = 0;

  private constructor(t: Test) {
    this.#t = t;
    this.world = new RunWorld(t);
    this.pki = new PkiFolder(join(this.world.root, "pki"));
  }

  static async create(t: Test, options: Partial<ControllerOptions> = {}): Promise<ClusterWorld> {
    const cluster = new ClusterWorld(t);
    const validity = { nowMs: Date.now(), days: 10 };
    await cluster.pki.init(validity);
    await cluster.pki.issue({ role: "controller", name: "main" }, ["127.0.0.1"], validity);
    await cluster.issue({ role: "user", name: "ann" });
    await cluster.startController(options);
    t.teardown(() => cluster.stopController());
    return cluster;
  }

  get controller(): Controller {
    if (this.#controller) return this.#controller;
    throw new Error("there is no controller now");
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get log(): DaemonLog {
    const write = (line: string) => this.lines.push(line.trimEnd()) > 0;
    return new DaemonLog({ stderr: { write } as Context["stderr"], env: {} });
  }

  issue(identity: Identity, validity = { nowMs: Date.now(), days: 10 }): Promise<void> {
    return this.pki.issue(identity, [], validity);
  }

  files(identity: Identity, pki = this.pki): CertificateFiles {
    return {
      ca: this.pki.caFile,
      certificate: pki.certificateFile(identity),
      key: pki.keyFile(identity),
    };
  }

  /** At the port that it had before, if it had one. */
  async startController(options: Partial<ControllerOptions> = {}): Promise<void> {
    const files = this.files({ role: "controller", name: "main" });
    this.#controller = await Controller.start(
      {
        listen: { host: "127.0.0.1", port: this.#port },
        certificates: readCertificates(files, "controller"),
        folder: join(this.world.root, "state"),
        socket: join(this.world.root, "run/livestack/controller.sock"),
        reflection: false,
        ...{ beatMs: 1_000, helloMs: 2_000, idleMs: 60_000, absentMs: 60_000 },
        ...options,
      },
      this.log,
    );
    this.#port = this.#controller.port;
  }

  /** Where a controller of another process is. */
  moveTo(port: number): void {
    this.#port = port;
  }

  async stopController(why = "the test ends"): Promise<void> {
    await this.#controller?.close(why);
    this.#controller = undefined;
  }

  /** On a machine of its own; it has a certificate and is in the inventory from here on. */
  async startAgent(name: string, world = new RunWorld(this.#t)): Promise<RunningAgent> {
    const identity = { role: "agent", name } as const;
    if (!this.pki.list(Date.now()).some(({ certificate }) => certificate.includes(`-${name}.`)))
      await this.issue(identity);
    if (!this.controller.hosts.find(name)) this.controller.hosts.add(name);
    return this.dial(name, this.files(identity), world);
  }

  /** Two of them, node1 and node2, that are up. */
  async startTwoAgents(): Promise<[RunWorld, RunWorld]> {
    const [one, two] = [await this.startAgent("node1"), await this.startAgent("node2")];
    for (const name of ["node1", "node2"]) await this.until(name, "up");
    return [one.world, two.world];
  }

  /** An agent, whether or not it is let in. */
  dial(host: string, files: CertificateFiles, world = new RunWorld(this.#t)): RunningAgent {
    // By this file a host knows that its kernel has the module.
    mkdirSync(join(world.root, "sys/module/livestack"), { recursive: true });
    writeFileSync(join(world.root, "sys/module/livestack/version"), "0.1.0\n");
    const stop = new AbortController();
    // Of no machine: what it says of itself to other hosts.
    const address = "192.0.2.7";
    const options = { controller: this.address, host, address, files, settleMs: 5 };
    const backOff = { firstMs: 20, mostMs: 100 };
    const context = { ...this.contextOf(world), env: { ...world.env } };
    const running = new AgentDaemon(context, { ...options, backOff }, this.log).run(stop.signal);
    const end = () => {
      stop.abort();
      return running;
    };
    this.#t.teardown(() => end().catch(() => {}));
    return { world, stop: end };
  }

  contextOf(world: RunWorld): Context {
    const write = () => true;
    const sink = { write } as unknown as Context["stderr"];
    return {
      ...{ stdout: sink, stderr: sink, checkout: "/nonexistent" },
      readStdin: async () => Buffer.from(""),
      askModule: async () => ({ version: "0.1.0", abi: 1 }),
      ...world.context,
    } as Context;
  }

  /** As user ann, over TLS. */
  livestack(...args: string[]) {
    return this.as({ role: "user", name: "ann" }, ...args);
  }

  as(identity: Identity, ...args: string[]) {
    const { ca, certificate, key } = this.files(identity);
    const place = ["--controller", this.address, "--ca", ca];
    return this.world.livestack(...args, ...place, "--certificate", certificate, "--key", key);
  }

  /** Until a host is in this condition. */
  async until(host: string, condition: string): Promise<void> {
    await this.eventually(
      `${host} ${condition}`,
      () => this.controller.hosts.find(host)?.condition === condition,
    );
  }

  eventually(what: string, is: () => boolean): Promise<void> {
    return this.eventuallyAsync(what, async () => is());
  }

  async eventuallyAsync(what: string, is: () => Promise<boolean>): Promise<void> {
    const limit = performance.now() + LIMIT_MS;
    while (!(await is())) {
      if (performance.now() > limit)
        throw new Error(`${what}: not within ${LIMIT_MS} ms\n${this.lines.join("\n")}`);
      await sleep(10);
    }
  }
}
