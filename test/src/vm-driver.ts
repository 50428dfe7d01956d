// SPDX-License-Identifier: Apache-2.0
// Runs inside a lab host: starts a virtual machine as somebody else would have started it, asks its VMM and its
// guest, and runs `livestack` in this process.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import {
  AgentClient,
  agentPort,
  guestCommandLine,
  guestMachine,
  hostTsc,
  Qmp,
} from "@livestack/controller";
import { tinyGuest, tools } from "@livestack/image";
import { answerRequests, type Verbs } from "./answer-requests.js";
import { closeShared, livestack, type Outcome } from "./livestack-here.js";

const PLACE = "/tmp/livestack-vm";
const BOOT_LIMIT_MS = 600_000;

/** What QEMU said to a command, and how long that took by the lab host's clock. */
export interface QmpAnswer {
  answer?: unknown;
  error?: string;
  ms: number;
}

export interface GuestAnswer {
  exit?: number;
  stdout: string;
  stderr: string;
  startNs: string;
  endNs: string;
}

let vmm: ChildProcess | undefined;
let qmp: Qmp | undefined;
let guest: AgentClient | undefined;

async function start([name = "", ...more]: readonly string[]): Promise<{ pid: number }> {
  mkdirSync(PLACE, { recursive: true });
  const { qemu, qemuArgs, env } = tools();
  const { kernel, initrd } = tinyGuest();
  const { tellKhz } = hostTsc("/");
  const line = guestCommandLine(tellKhz === undefined ? {} : { tscKhz: tellKhz });
  const args = [
    ...[...qemuArgs, "-name", name, ...guestMachine().filter((arg) => arg !== "-no-reboot")],
    ...["-m", "128M", "-serial", `file:${PLACE}/console`, ...more],
    ...["-kernel", kernel, "-initrd", initrd, "-append", line, ...agentPort(`${PLACE}/agent`)],
    ...["-qmp", `unix:${PLACE}/qmp,server=on,wait=off`],
  ];
  const own = { ...process.env, ...env };
  vmm = spawn(qemu, args, { env: own, stdio: ["ignore", "ignore", "inherit"] });
  guest = await connectGuest();
  qmp = await Qmp.connect(`${PLACE}/qmp`, AbortSignal.timeout(BOOT_LIMIT_MS), () => {});
  return { pid: vmm.pid ?? 0 };
}

function connectGuest(): Promise<AgentClient> {
  const signal = AbortSignal.timeout(BOOT_LIMIT_MS);
  return AgentClient.connect(`${PLACE}/agent`, { vmmStarts: true, signal });
}

/** After a reset its agent begins anew. */
async function reconnect(): Promise<null> {
  guest?.close();
  guest = await connectGuest();
  return null;
}

async function inGuest(run: string): Promise<GuestAnswer> {
  if (!guest) throw new Error("start a machine first");
  const { exit, stdout, stderr, startNs, endNs } = await guest.run({ run }).result;
  const times = { startNs: String(startNs), endNs: String(endNs) };
  return {
    ...(exit !== undefined && { exit }),
    stdout: stdout.toString(),
    stderr: stderr.toString(),
    ...times,
  };
}

/** The time that it takes is the lab host's. */
async function askQmp(command: string, args?: Record<string, unknown>): Promise<QmpAnswer> {
  if (!qmp) throw new Error("start a machine first");
  const began = performance.now();
  const outcome = await qmp.ask(command, args).then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
  );
  return { ...outcome, ms: Math.round(performance.now() - began) };
}

const verbs: Verbs = {
  start,
  reconnect,
  guest: ([line = ""]) => inGuest(line),
  /** without waiting for its end, which may be far off while the guest stands still */
  "guest-start": ([line = ""]) => {
    guest?.run({ run: line });
    return null;
  },
  qmp: ([command = "", args]) => askQmp(command, args === undefined ? args : JSON.parse(args)),
  /** what a guest has to be told of its TSC here, if anything */
  "tsc-khz": () => hostTsc("/").tellKhz,
  sh: ([line = ""]): Outcome => spawnSync("sh", ["-c", line], { encoding: "utf8" }),
  livestack,
  ended: () =>
    new Promise((done) => {
      if (vmm?.exitCode !== null) done(vmm?.exitCode);
      else vmm.once("exit", done);
    }),
};

await answerRequests(verbs);
guest?.close();
vmm?.kill("SIGKILL");
await closeShared();
process.exit(0);
