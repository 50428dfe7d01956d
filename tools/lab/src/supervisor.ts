// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tools } from "@livestack/image";
import { messageOf } from "./errors.js";
import { LabHost, spawnBound } from "./lab-host.js";
import { hostAddress, type LabSpec, switchDir } from "./machine.js";
import { identify, type ProcessId } from "./process.js";
import { type HostState, lastWords, writeState } from "./state.js";

/** What the supervisor tells the `lab up` that started it. */
export type SupervisorMessage = { up: true } | { failed: string };

const BOOT_LIMIT_MS = 600_000;
const SWITCH_LIMIT_MS = 10_000;

/**
 * The process that owns a lab: it starts the switch and the hosts, keeps state.json, and takes all
 * of it away when it is told to stop. Its children die with it even if it is killed.
 */
class Supervisor {
  readonly #spec: LabSpec;
  readonly #dir: string;
  readonly #hosts: LabHost[];
  readonly #up = new Set<LabHost>();
  readonly #children: ProcessId[] = [];
  #switch: ChildProcess | undefined;
  #stopping = false;

  constructor(dir: string) {
    this.#dir = dir;
    this.#spec = JSON.parse(readFileSync(join(dir, "spec.json"), "utf8")) as LabSpec;
    this.#hosts = Array.from(
      { length: this.#spec.hosts },
      (_, i) => new LabHost(this.#spec, dir, i + 1),
    );
  }

  async run(): Promise<void> {
    this.#save();
    process.once("SIGTERM", () => void this.stop(0));
    process.once("SIGINT", () => void this.stop(0));
    process.once("SIGHUP", () => void this.stop(0));
    // `lab up` has gone before it could learn the outcome: nobody knows of this lab.
    const orphaned = () => void this.stop(1);
    process.once("disconnect", orphaned);
    // It may also have gone before anybody listened for that.
    if (!process.connected) return this.stop(1);
    try {
      await this.#boot();
    } catch (error) {
      await this.#tell({ failed: `${messageOf(error)}${lastWords(this.#dir)}` });
      return this.stop(1);
    }
    process.off("disconnect", orphaned);
    await this.#tell({ up: true });
    if (process.connected) process.disconnect();
  }

  async stop(status: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#switch?.kill("SIGKILL");
    await Promise.all(this.#hosts.map((host) => host.stop()));
    rmSync(this.#dir, { recursive: true, force: true });
    process.exit(status);
  }

  async #boot(): Promise<void> {
    await this.#startSwitch();
    const limit = setTimeout(() => {
      for (const host of this.#hosts) if (!this.#up.has(host)) void host.stop();
    }, BOOT_LIMIT_MS);
    await Promise.all(
      this.#hosts.map(async (host) => {
        await host.start(
          (child) => this.#adopt(child),
          () => this.#save(),
        );
        await host.ready;
        this.#up.add(host);
        this.#save();
      }),
    );
    clearTimeout(limit);
  }

  async #startSwitch(): Promise<void> {
    const { vdeSwitch, env } = tools();
    const place = switchDir(this.#dir);
    this.#switch = spawnBound([vdeSwitch, "-s", place, "-m", "600"], env);
    this.#adopt(this.#switch);
    const limit = performance.now() + SWITCH_LIMIT_MS;
    while (!existsSync(join(place, "ctl"))) {
      if (this.#switch.exitCode !== null || performance.now() > limit)
        throw new Error(`${vdeSwitch}: the lab's network switch did not start`);
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  #adopt(child: ChildProcess): void {
    const id = child.pid === undefined ? undefined : identify(child.pid);
    if (id) this.#children.push(id);
    this.#save();
  }

  #save(): void {
    if (this.#stopping) return;
    const supervisor = identify(process.pid);
    if (!supervisor) return;
    const hosts = this.#hosts.map((host): HostState => {
      const address = hostAddress(host.index);
      const state = { name: host.name, index: host.index, address };
      if (host.gone !== undefined) return { ...state, phase: "gone", reason: host.gone };
      if (!this.#up.has(host)) return { ...state, phase: "booting" };
      return { ...state, phase: "up", bootMs: host.bootMs };
    });
    writeState(this.#dir, { spec: this.#spec, supervisor, children: this.#children, hosts });
  }

  #tell(message: SupervisorMessage): Promise<void> {
    return new Promise((done) => {
      if (process.send && process.connected) process.send(message, () => done());
      else done();
    });
  }
}

const dir = process.argv[2];
if (!dir) throw new Error("usage: supervisor DIR");
await new Supervisor(dir).run();
