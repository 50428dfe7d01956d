// SPDX-License-Identifier: Apache-2.0
// Lab hosts with LiveStack's cluster on them, in which scenarios are run.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunResultFile } from "@livestack/controller/result";
import {
  buildModules,
  exec,
  type HostState,
  moduleFile,
  resolveKernel,
  shellStatus,
  type UpOptions,
} from "@livestack/lab";
import type { Test } from "tap";
import { LabCluster } from "./lab-cluster.js";
import { LabDaemon } from "./lab-daemon.js";
import { withLab } from "./with-lab.js";

const LOOK_MS = 250;
const LIMIT_MS = 120_000;
const RUNS = "/root/runs";
/** With its network between hosts, which is the one that it has. */
const INTERFACE = "$(basename $(ls -d /sys/class/net/e*))";

export interface ClusterRun {
  status: number;
  said: string;
  result: RunResultFile | undefined;
  /** what each model has printed */
  logs: Readonly<Record<string, string>>;
}

export class ClusterLab {
  readonly hosts: readonly HostState[];
  readonly cluster: LabCluster;
  readonly #place: string;

  private constructor(hosts: readonly HostState[], cluster: LabCluster, place: string) {
    this.hosts = hosts;
    this.cluster = cluster;
    this.#place = place;
  }

  static async start(
    t: Test,
    purpose: string,
    count: number,
    options: Pick<UpOptions, "memoryBytes"> = {},
  ): Promise<ClusterLab> {
    const place = mkdtempSync(join(tmpdir(), `livestack-${purpose}-`));
    t.teardown(() => rmSync(place, { recursive: true }));
    const kernel = await resolveKernel("6.12");
    await buildModules(kernel);
    const { hosts } = await withLab(t, purpose, { ...options, hosts: count });
    // The others are loaded by the agents; this one has to be there before it can be traced.
    for (const { name } of hosts) await shell(name, `insmod ${moduleFile(kernel, "core")}`);
    const cluster = await LabCluster.start(hosts);
    // Before the lab goes, as teardowns are called from the last to the first.
    t.teardown(() => cluster.end());
    return new ClusterLab(hosts, cluster, place);
  }

  host(index: number): string {
    return this.hosts[index]?.name ?? "";
  }

  readonly sh = shell;

  onAll(line: string): Promise<string[]> {
    return Promise.all(this.hosts.map(({ name }) => this.sh(name, line)));
  }

  /** What all that a host sends goes through: "delay 20ms loss 5%", or "" for nothing. */
  async weather(host: string, netem: string): Promise<void> {
    await this.sh(
      host,
      netem === ""
        ? `tc qdisc del dev ${INTERFACE} root 2>/dev/null; true`
        : `modprobe sch_netem; tc qdisc replace dev ${INTERFACE} root netem limit 100000 ${netem}`,
    );
  }

  /** Starts a run; it is under way. */
  async begin(scenario: string): Promise<LabDaemon> {
    const file = join(this.#place, "scenario.yaml");
    writeFileSync(file, scenario);
    return LabDaemon.start(this.host(0), this.cluster.argv("run", file, "--out", RUNS));
  }

  /** Waits until it has ended, and fetches what came out. */
  async outcome(run: LabDaemon): Promise<ClusterRun> {
    const status = shellStatus(await run.command.exit);
    const text = await this.sh(this.host(0), `cat ${RUNS}/*/result.json 2>/dev/null; true`);
    const listed = await this.sh(
      this.host(0),
      `cd ${RUNS}/*/components 2>/dev/null && grep -H "" */model.log; true`,
    );
    await this.sh(this.host(0), `rm -rf ${RUNS}`);
    const result = text === "" ? undefined : (JSON.parse(text) as RunResultFile);
    return { status, said: run.said, result, logs: byComponent(listed) };
  }

  async run(scenario: string): Promise<ClusterRun> {
    return this.outcome(await this.begin(scenario));
  }

  /** Neither folders of sessions nor components; the controller may take a moment to have them ended. */
  async nothingLeft(hosts = this.hosts.map(({ name }) => name)): Promise<void> {
    const look = "ls /run/livestack | grep -v controller.sock; pgrep -c 'model_|qemu'; true";
    for (const host of hosts)
      await eventually(
        `nothing is left on ${host}`,
        async () => (await this.sh(host, look)) === "0\n",
      );
  }

  /** The last of its tests. */
  async checkKernels(t: Test, hosts = this.hosts.map(({ name }) => name)): Promise<void> {
    for (const host of hosts) {
      const modules = "livestack_sync livestack_ipc livestack_vcpu livestack";
      await this.sh(host, `for m in ${modules}; do rmmod $m 2>/dev/null; done; true`);
      t.equal(await this.sh(host, "ls -d /sys/module/livestack* 2>/dev/null; true"), "", host);
      const log = await this.sh(host, "dmesg --level emerg,alert,crit,err");
      t.notMatch(log, /Oops|BUG:|WARNING:|livestack/, host);
    }
  }
}

export async function eventually(what: string, is: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + LIMIT_MS;
  while (!(await is())) {
    if (performance.now() > limit) throw new Error(`${what}: not within ${LIMIT_MS} ms`);
    await sleep(LOOK_MS);
  }
}

/** @returns standard output. @throws Error unless its status is 0 */
async function shell(host: string, line: string): Promise<string> {
  const { status, stdout, stderr } = await exec(host, ["sh", "-c", line]);
  if (status !== 0) throw new Error(`${host}: ${line}: status ${status}: ${stderr}`);
  return stdout.toString();
}

/** Of lines "client/model.log:WHAT". */
function byComponent(listed: string): Record<string, string> {
  const logs: Record<string, string> = {};
  for (const line of listed.split("\n").filter(Boolean)) {
    const [, name = "", text = ""] = /^([^/]+)\/model\.log:(.*)$/.exec(line) ?? [];
    logs[name] = `${logs[name] ?? ""}${text}\n`;
  }
  return logs;
}
