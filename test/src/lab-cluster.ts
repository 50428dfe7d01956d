// SPDX-License-Identifier: Apache-2.0
// A controller and agents in the hosts of a lab, with certificates made for it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoRoot, shellStatus } from "@livestack/lab";
import { LabDaemon } from "./lab-daemon.js";

const PORT = 7600;
const program = [process.execPath, join(repoRoot, "packages/controller/bin/livestack.js")];

export interface ClusterHost {
  name: string;
  /** in the lab's network */
  address: string;
}

export class LabCluster {
  readonly hosts: readonly ClusterHost[];
  /** with certificates and keys; the lab's hosts see this machine's files */
  readonly #place = mkdtempSync(join(tmpdir(), "livestack-cluster-"));
  readonly #agents = new Map<string, LabDaemon>();
  #controller: LabDaemon | undefined;

  private constructor(hosts: readonly ClusterHost[]) {
    this.hosts = hosts;
  }

  /** The controller is on the first host. */
  static async start(hosts: readonly ClusterHost[]): Promise<LabCluster> {
    const cluster = new LabCluster(hosts);
    try {
      cluster.#issue();
      await cluster.startController();
      for (const { name } of hosts) await cluster.run("hosts", "add", name);
      await Promise.all(hosts.map(({ name }) => cluster.startAgent(name)));
      return cluster;
    } catch (error) {
      await cluster.end();
      throw error;
    }
  }

  get controller(): LabDaemon {
    if (this.#controller) return this.#controller;
    throw new Error("the controller was not started");
  }

  agent(host: string): LabDaemon {
    const agent = this.#agents.get(host);
    if (agent) return agent;
    throw new Error(`no agent was started on ${host}`);
  }

  async startController(): Promise<void> {
    const { name, address } = this.#first;
    const args = ["--listen", `${address}:${PORT}`, "--no-metrics"];
    this.#controller = await this.#daemon(name, [
      "controller",
      ...args,
      ...this.#files("controller", "main"),
    ]);
    await this.#controller.until(/listens at/);
  }

  async startAgent(host: string): Promise<void> {
    const args = ["--controller", this.#controllerAddress, "--host", host];
    const agent = await this.#daemon(host, ["agent", ...args, ...this.#files("agent", host)]);
    this.#agents.set(host, agent);
    await agent.until(/connected to/);
  }

  /** On the first host, for this cluster: what `livestack` is called with there. */
  argv(...args: string[]): string[] {
    const place = ["--controller", this.#controllerAddress, ...this.#files("user", "tester")];
    return [...program, ...args, ...place];
  }

  async end(): Promise<void> {
    // It may have been killed, or its host.
    for (const daemon of [...this.#agents.values(), this.#controller])
      await daemon?.end().catch(() => {});
    rmSync(this.#place, { recursive: true });
  }

  get #first(): ClusterHost {
    const [first] = this.hosts;
    if (first) return first;
    throw new Error("a cluster without a host");
  }

  get #controllerAddress(): string {
    return `${this.#first.address}:${PORT}`;
  }

  #daemon(host: string, args: readonly string[]): Promise<LabDaemon> {
    return LabDaemon.start(host, [...program, ...args]);
  }

  /** @throws Error unless its status is 0 */
  async run(...args: string[]): Promise<void> {
    const daemon = await LabDaemon.start(this.#first.name, this.argv(...args));
    const status = shellStatus(await daemon.command.exit);
    if (status !== 0) throw new Error(`livestack ${args.join(" ")}: ${daemon.said}`);
  }

  #files(role: string, name: string): string[] {
    const stem = join(this.#place, `${role}-${name}`);
    const ca = join(this.#place, "ca.crt");
    return ["--ca", ca, "--certificate", `${stem}.crt`, "--key", `${stem}.key`];
  }

  #issue(): void {
    const pki = (...args: string[]) => {
      const [node = "", ...rest] = [...program, "pki", ...args, "--dir", this.#place];
      const { status, stderr } = spawnSync(node, rest, { encoding: "utf8" });
      if (status !== 0) throw new Error(`livestack pki ${args.join(" ")}: ${stderr}`);
    };
    pki("init");
    pki("issue", "controller", "main", "--address", this.#first.address);
    for (const { name } of this.hosts) pki("issue", "agent", name);
    pki("issue", "user", "tester");
  }
}
