// SPDX-License-Identifier: Apache-2.0
// A lab host in which scenarios with links are run.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildModules, repoRoot, resolveKernel } from "@livestack/lab";
import type { Test } from "tap";
import { LabDaemon } from "./lab-daemon.js";
import { LabDriver } from "./lab-driver.js";
import type { Outcome } from "./livestack-here.js";
import { unlessReset } from "./unless-reset.js";
import { withLab } from "./with-lab.js";

const BOOT_LIMIT_MS = 1_200_000;
const RUNS = "/root/runs";
const program = [process.execPath, join(repoRoot, "packages/controller/bin/livestack.js")];

export class LinksHost {
  readonly name: string;
  readonly #place: string;
  readonly #driver: LabDriver;

  private constructor(name: string, place: string, driver: LabDriver) {
    this.name = name;
    this.#place = place;
    this.#driver = driver;
  }

  /**
   * Boots it, with KVM in it, for one test file.
   * @param scenarios their texts, by name
   */
  static async start(
    t: Test,
    purpose: string,
    scenarios: Readonly<Record<string, string>>,
  ): Promise<LinksHost> {
    const place = mkdtempSync(join(tmpdir(), `livestack-${purpose}-`));
    t.teardown(() => rmSync(place, { recursive: true }));
    for (const [name, text] of Object.entries(scenarios))
      writeFileSync(join(place, `${name}.yaml`), text);
    await buildModules(await resolveKernel("6.12"));
    const { hosts } = await withLab(t, purpose, { memoryBytes: 2 ** 31 });
    const name = hosts[0]?.name ?? "";
    const file = fileURLToPath(new URL("./vm-driver.js", import.meta.url));
    const host = new LinksHost(name, place, await LabDriver.start(name, file));
    const { status, stderr } = await host.sh("modprobe kvm_amd || modprobe kvm_intel");
    if (status !== 0) throw new Error(`${name} has no KVM: ${stderr}`);
    return host;
  }

  sh(line: string): Promise<Outcome> {
    return this.#driver.ask("sh", line);
  }

  livestack(...args: string[]): Promise<Outcome> {
    return this.#driver.ask("livestack", ...args);
  }

  /** Runs a scenario to its end. */
  run(scenario: string): Promise<Outcome> {
    return this.livestack(...this.#runOf(scenario));
  }

  /**
   * Starts one, and waits until its simulated time has begun; once more if a guest was reset.
   */
  begin(scenario: string): Promise<LabDaemon> {
    return unlessReset(
      () => this.#start(this.#runOf(scenario)),
      () => this.forgetRuns(),
    );
  }

  /**
   * Runs one to its end while something is done beside it, and does both once more if a guest was reset.
   * @throws Error with what the run has said, if it ends before
   */
  during<Value>(scenario: string, beside: () => Promise<Value>): Promise<Value> {
    return unlessReset(
      async () => {
        const run = await this.#start(this.#runOf(scenario));
        return run.outlasts(beside());
      },
      () => this.forgetRuns(),
    );
  }

  /** Takes over one whose livestack was killed, and waits until that is so. */
  adopt(scenario: string): Promise<LabDaemon> {
    return this.#start(["adopt", scenario]);
  }

  async #start(args: readonly string[]): Promise<LabDaemon> {
    const run = await LabDaemon.start(this.name, [...program, ...args]);
    await run.until(/^livestack: run/m, BOOT_LIMIT_MS);
    return run;
  }

  #runOf(scenario: string): string[] {
    return ["run", join(this.#place, `${scenario}.yaml`), "--out", RUNS];
  }

  async resultOf(scenario: string) {
    return JSON.parse((await this.sh(`cat ${RUNS}/${scenario}-*/result.json`)).stdout);
  }

  forgetRuns(): Promise<Outcome> {
    return this.sh(`rm -r ${RUNS}`);
  }

  /** Interfaces, folders and VMs that a run should have taken away: "0\n" for none. */
  async left(): Promise<string> {
    return (await this.sh("ls -d /sys/class/net/ls* /run/livestack/* 2>/dev/null; pgrep -c qemu"))
      .stdout;
  }

  /** The last of its tests. */
  async checkKernel(t: Test): Promise<void> {
    t.equal((await this.sh("rmmod livestack_ipc livestack_vcpu livestack")).status, 0);
    const { stdout } = await this.sh("dmesg --level emerg,alert,crit,err");
    t.notMatch(stdout, /Oops|BUG:|WARNING:|livestack/);
    await this.#driver.end();
  }
}

/** Of what ping said, in ms, in its order. */
export function timesOf(stdout: string): number[] {
  return [...stdout.matchAll(/ time=([\d.]+) ms/g)].map(([, ms]) => Number(ms));
}

/** of a full segment: what is the program's, and the frame with the headers of TCP, IP and Ethernet */
const TCP_SHARE = 1448 / 1514;

/** What iperf3 has received by TCP is the rate less headers, within 5 %. */
export function checkTcp(t: Test, tcpBps: number, rateBps: number): void {
  const wantedBps = rateBps * TCP_SHARE;
  t.ok(Math.abs(tcpBps / wantedBps - 1) < 0.05, `TCP: ${tcpBps} bit/s, ${wantedBps} less headers`);
}
