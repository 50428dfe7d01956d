// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import {
  accelerator,
  DEFAULT_KERNEL,
  exec,
  offMachine,
  resolveKernel,
  tools,
} from "@livestack/lab";
import { withBenchLab } from "../bench-lab.js";
import type { PairedBench } from "../pairs.js";

const LIMIT_MS = 300_000;
const REACHED = "lab: user space reached";

export const boot: PairedBench = {
  name: "boot",
  promise:
    "from nothing to the first answered exec in a lab host takes at most 3 times as long as the " +
    "same QEMU and kernel with an initramfs that only powers off",
  unit: "s",
  baseline: bootAndPowerOff,
  candidate: bootToFirstExec,
  pairs: 7,
  tolerance: 0.2,
  claim: { ratioAtMost: 3 },
};

/** Seconds from QEMU's start to its end. */
async function bootAndPowerOff(): Promise<number> {
  const kernel = await resolveKernel(DEFAULT_KERNEL);
  const { qemu, qemuArgs, env } = tools();
  const args = [...qemuArgs, ...offMachine(kernel, accelerator(kernel))];
  const started = performance.now();
  const machine = spawn(qemu, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  let console = "";
  machine.stdout.setEncoding("utf8").on("data", (text: string) => {
    console += text;
  });
  const outcome = await new Promise<number | NodeJS.Signals | null>((done, failed) => {
    machine.once("error", failed);
    machine.once("close", (status, signal) => done(status ?? signal));
  });
  const seconds = (performance.now() - started) / 1000;
  if (outcome !== 0 || !console.includes(REACHED))
    throw new Error(
      `bench boot: the machine that only powers off ended with ${outcome}, ` +
        `${console.includes(REACHED) ? "after" : "without"} reaching user space; its last lines:\n` +
        console.trimEnd().split("\n").slice(-10).join("\n"),
    );
  return seconds;
}

/**
 * Seconds from the call of up(), a moment before QEMU starts, to the answer of the first exec: what
 * the lab itself does first (supervisor, network switch, root server) is in it, to its disadvantage.
 */
async function bootToFirstExec(): Promise<number> {
  const started = performance.now();
  return withBenchLab("boot", { kernel: DEFAULT_KERNEL }, async (_lab, host) => {
    const { status, signal } = await exec(host, ["true"]);
    const seconds = (performance.now() - started) / 1000;
    if (status !== 0 || signal !== 0)
      throw new Error(`bench boot: \`true\` in ${host} ended with ${signal || status}`);
    return seconds;
  });
}
