// SPDX-License-Identifier: Apache-2.0
// A guest in an emulated machine of its own: no KVM, no lab, no session.
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import { AgentClient, agentPort, guestDisk, guestMachine } from "@livestack/controller";
import { tools } from "@livestack/image";
import type { Test } from "tap";

const BOOT_LIMIT_MS = 300_000;
const DISK_BYTES = 64 << 20;
const STARVE_LIMIT_MS = 120_000;

export interface EmulatedGuest {
  /** its VMM's status */
  ended: Promise<number | null>;
  agent: AgentClient;
  /** the file that is one of its disks */
  disk: string;
  /** To its agent, after it has begun anew. */
  connect(): Promise<AgentClient>;
  /** Until that test has ended, its processor 0 has what a busy process leaves to it. */
  starve(t: Test): void;
}

/**
 * Boots it and waits for its agent; it goes with the test, and `place` too.
 * @param args write its serial console to `place`/console
 */
export async function bootEmulated(
  t: Test,
  place: string,
  args: readonly string[],
): Promise<EmulatedGuest> {
  const disk = join(place, "disk");
  writeFileSync(disk, "");
  truncateSync(disk, DISK_BYTES);
  const socket = join(place, "agent");
  const { qemu, qemuArgs, env } = tools();
  const machine = [
    ...[...qemuArgs, ...guestMachine({ accelerator: "tcg" }), "-smp", "2", ...args],
    ...["-name", "guest,debug-threads=on"],
    ...[...agentPort(socket), ...guestDisk(disk, "disk")],
    ...["-netdev", "hubport,id=net,hubid=0", "-device", "virtio-net-pci,netdev=net,romfile="],
  ];
  const own = { ...process.env, ...env };
  const vmm = spawn(qemu, machine, { env: own, stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise<number | null>((done) => vmm.once("close", done));
  t.teardown(async () => {
    vmm.kill("SIGKILL");
    await ended;
    rmSync(place, { recursive: true });
  });
  const connect = async () => {
    const signal = AbortSignal.timeout(BOOT_LIMIT_MS);
    try {
      return await AgentClient.connect(socket, { vmmStarts: true, signal });
    } catch (error) {
      t.comment(readFileSync(join(place, "console"), "utf8"));
      t.comment(threadsOf(vmm.pid));
      throw error;
    }
  };
  const agent = await connect();
  return { ended, agent, disk, connect, starve: (t) => starve(t, statsOf(vmm.pid)) };
}

/** /proc/PID/task/TID/stat of each thread. */
function statsOf(pid: number | undefined): string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).map((task) => readFileSync(`${tasks}/${task}/stat`, "utf8"));
}

/** Name, state and time on a CPU of each thread: whether a guest that says nothing runs at all. */
function threadsOf(pid: number | undefined): string {
  try {
    return statsOf(pid)
      .map((line) => line.split(" ").slice(0, 16).join(" "))
      .join("\n");
  } catch {
    return "its VMM has ended";
  }
}

function starve(t: Test, threads: readonly string[]): void {
  const first = threads.find((stat) => stat.includes("(CPU 0/"))?.split(" ")[0];
  const loop = `for (const end = Date.now() + ${STARVE_LIMIT_MS}; Date.now() < end; );`;
  const busy = spawn(process.execPath, ["-e", loop], { stdio: "ignore" });
  t.teardown(() => busy.kill("SIGKILL"));
  const allowed = readFileSync("/proc/self/status", "utf8").match(
    /Cpus_allowed_list:\s*(\d+)/,
  )?.[1];
  for (const id of [first, busy.pid]) execFileSync("taskset", ["-cp", `${allowed}`, `${id}`]);
  setPriority(Number(first), 19);
}

/** What a command in it writes, and its status unless that is 0. */
export async function said(agent: AgentClient, line: string): Promise<string> {
  const result = await agent.run({ run: line }).result;
  return `${result.stdout}${result.stderr}${result.exit === 0 ? "" : `status ${result.exit}`}`;
}
