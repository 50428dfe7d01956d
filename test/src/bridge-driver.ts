// SPDX-License-Identifier: Apache-2.0
// Runs inside a lab host: two virtual machines on a plain bridge, without LiveStack, to compare with; and
// processes that take the processor from all else.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import {
  AgentClient,
  agentPort,
  guestCommandLine,
  guestMachine,
  guestNetwork,
  hostTsc,
} from "@livestack/controller";
import { tinyGuest, tools } from "@livestack/image";
import { answerRequests } from "./answer-requests.js";
import { RESET, unlessReset } from "./unless-reset.js";

const PLACE = "/tmp/livestack-bridge";
const BRIDGE = "plain";
const TAPS = ["plain0", "plain1"] as const;
const BOOT_LIMIT_MS = 600_000;

interface Machine {
  vmm: ChildProcess;
  agent: AgentClient;
}

/** By number; one that did not start is missing. */
let machines: Machine[] = [];
let busy: ChildProcess[] = [];

function must(program: string, args: readonly string[], input = ""): void {
  const { status, stderr, error } = spawnSync(program, args, { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error ?? stderr}`);
}

/** As a run's cables are, but for the link in between. */
function layBridge(): void {
  must("modprobe", ["-qa", "tun", "bridge", "sch_netem"]);
  const lines = [
    `link add name ${BRIDGE} type bridge stp_state 0 mcast_snooping 0`,
    ...TAPS.map((tap) => `tuntap add dev ${tap} mode tap`),
    ...[BRIDGE, ...TAPS].map((name) => `link set dev ${name} addrgenmode none`),
    ...TAPS.map((tap) => `link set dev ${tap} master ${BRIDGE} up`),
    `link set dev ${BRIDGE} up`,
  ];
  must("ip", ["-batch", "-"], lines.map((line) => `${line}\n`).join(""));
}

function address(index: number): string {
  return `10.9.0.${index + 1}`;
}

async function boot(tap: string, index: number): Promise<void> {
  const { qemu, qemuArgs, env } = tools();
  const { kernel, initrd } = tinyGuest();
  const { invariant, tellKhz } = hostTsc("/");
  const line = guestCommandLine(tellKhz === undefined ? {} : { tscKhz: tellKhz });
  const socket = `${PLACE}/agent${index}`;
  const args = [
    ...[...qemuArgs, ...guestMachine({ invariantTsc: invariant }), "-smp", "1", "-m", "128M"],
    ...["-serial", `file:${PLACE}/console${index}`, ...agentPort(socket)],
    ...guestNetwork(tap, `02:4c:53:ff:00:0${index}`, "net"),
    ...["-kernel", kernel, "-initrd", initrd, "-append", line],
  ];
  const own = { ...process.env, ...env };
  const vmm = spawn(qemu, args, { env: own, stdio: ["ignore", "ignore", "inherit"] });
  const signal = AbortSignal.timeout(BOOT_LIMIT_MS);
  const over = once(vmm, "close");
  const agent = await AgentClient.connect(socket, { vmmStarts: true, signal }).catch(
    async (error: unknown) => {
      vmm.kill("SIGKILL");
      const [status] = await over;
      throw status === 0 ? new Error(RESET, { cause: error }) : error;
    },
  );
  machines[index] = { vmm, agent };
  const set = `ip address add ${address(index)}/24 dev eth0 && ip link set dev eth0 up`;
  const { exit, stderr } = await agent.run({ run: set }).result;
  if (exit !== 0) throw new Error(`${set}: ${stderr}`);
}

async function start(): Promise<null> {
  mkdirSync(PLACE, { recursive: true });
  layBridge();
  await Promise.all(TAPS.map((tap, index) => unlessReset(() => boot(tap, index))));
  return null;
}

/** What ping of the first machine says of the second. */
async function ping(args: readonly string[]): Promise<string> {
  const [first] = machines;
  if (!first) throw new Error("start the machines first");
  const { stdout } = await first.agent.run({ run: ["ping", ...args, address(1)] }).result;
  return stdout.toString();
}

/** Frames to each machine are held so long by netem(8); "" as they were. */
function delay([time = ""]: readonly string[]): null {
  for (const tap of TAPS)
    if (time === "") must("tc", ["qdisc", "del", "dev", tap, "root"]);
    else must("tc", ["qdisc", "replace", "dev", tap, "root", "netem", "delay", time]);
  return null;
}

function makeBusy([count = "0"]: readonly string[]): null {
  for (const process of busy) process.kill("SIGKILL");
  busy = Array.from({ length: Number(count) }, () =>
    spawn("sh", ["-c", "while :; do :; done"], { stdio: "ignore" }),
  );
  return null;
}

async function end(): Promise<null> {
  for (const { vmm, agent } of Object.values(machines)) {
    const ended = new Promise((done) => vmm.once("close", done));
    agent.close();
    vmm.kill("SIGKILL");
    await ended;
  }
  machines = [];
  must("ip", ["-batch", "-"], [...TAPS, BRIDGE].map((name) => `link del dev ${name}\n`).join(""));
  return null;
}

await answerRequests({ start, ping, delay, busy: makeBusy, end });
makeBusy([]);
for (const { vmm } of Object.values(machines)) vmm.kill("SIGKILL");
process.exit(0);
