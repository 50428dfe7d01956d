// SPDX-License-Identifier: Apache-2.0
// A machine on which a test can run scenarios: a fake kernel, fake VMMs, guests' agents as processes.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { guestAgent } from "@livestack/image";
import type { Test } from "tap";
import type { Context } from "../context.js";
import { runForTest } from "../run-for-test.js";
import { LiveKernel } from "./live-kernel-for-test.js";
import { RESULT_FILE, type RunResultFile, resultSchema } from "./result-schema.js";

const FAKE_VMM = fileURLToPath(new URL("../vmm/fake-vmm-for-test.js", import.meta.url));

export class RunWorld {
  readonly kernel = new LiveKernel();
  /** what stands for "/" */
  readonly root: string;
  readonly interrupt = new AbortController();
  /** what was to be loaded */
  readonly loaded: string[] = [];
  /** what ip(8) was told, a line each */
  readonly cabled: string[] = [];
  /** what ip(8) refuses with, unless it is to go on whatever fails */
  refuseIp: string | undefined;
  readonly env: NodeJS.ProcessEnv;

  constructor(t: Test) {
    // Short: sockets are below it.
    this.root = mkdtempSync(join(tmpdir(), "lsw-"));
    chmodSync(this.root, 0o755);
    mkdirSync(join(this.root, "dev"));
    writeFileSync(join(this.root, "dev/kvm"), "");
    const agent = join(this.root, "agent");
    copyFileSync(guestAgent(), agent);
    chmodSync(agent, 0o755);
    const vmm = join(this.root, "qemu");
    writeFileSync(vmm, `#!/bin/sh\nexec ${process.execPath} ${FAKE_VMM} "$@"\n`);
    chmodSync(vmm, 0o755);
    const { PATH, HOME } = process.env;
    this.env = { PATH, HOME, LIVESTACK_QEMU: vmm, LIVESTACK_FAKE_AGENT: agent };
    writeFileSync(join(this.root, "kernel"), "");
    t.teardown(() => this.close());
  }

  get context(): Partial<Omit<Context, "stdout" | "stderr">> {
    return {
      openClient: this.kernel.openClient,
      loadModules: async (names) => void this.loaded.push(...names),
      runIp: async (lines, force) => {
        if (this.refuseIp !== undefined && !force) throw new Error(this.refuseIp);
        this.cabled.push(...lines);
      },
      interrupted: () => this.interrupt.signal,
      root: this.root,
      env: this.env,
    };
  }

  get out(): string {
    return join(this.root, "runs");
  }

  /** Writes a scenario beside the files it may name. */
  scenario(text: string): string {
    const file = join(this.root, "scenario.yaml");
    writeFileSync(file, text);
    return file;
  }

  livestack(...args: string[]) {
    return runForTest(args, this.context);
  }

  /** Pids of the VMMs of this machine. */
  processes(): number[] {
    return processesNaming(`${this.root}/run/`);
  }

  /** @throws Error when something of it goes on */
  private async close(): Promise<void> {
    const left = () => processesNaming(`${this.root}/`);
    for (let tries = 0; left().length > 0 && tries < 100; tries++) await sleep(20);
    const pids = left();
    rmSync(this.root, { recursive: true, force: true });
    if (pids.length > 0) throw new Error(`a test left processes behind: ${pids.join(", ")}`);
  }

  resultPath(): string {
    const [folder = ""] = readdirSync(this.out);
    return join(this.out, folder, RESULT_FILE);
  }

  result(): RunResultFile {
    return resultSchema.parse(JSON.parse(readFileSync(this.resultPath(), "utf8")));
  }

  run(scenario: string, ...options: string[]) {
    return this.livestack("run", this.scenario(scenario), "--out", this.out, ...options);
  }
}

/** Pids of those with the text in their command lines. A zombie has none. */
export function processesNaming(text: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        return readFileSync(`/proc/${entry}/cmdline`, "utf8").includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}
