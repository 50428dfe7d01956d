// SPDX-License-Identifier: Apache-2.0
// `npm run demo`: the main job as far as it has come. Boots a lab host, builds and loads the kernel
// module there, and lets a modelled client and a modelled server exchange messages on one session's
// simulated time; every latency that the client measures must be the one that can be calculated.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { release } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  buildModules,
  DEFAULT_KERNEL,
  down,
  ExitStatus,
  exec,
  type Kernel,
  LabError,
  messageOf,
  moduleFile,
  resolveKernel,
  up,
} from "@livestack/lab";
import { latencyTable, SHOWN } from "./demo-table.js";
import { calculated, measured, type Scene, type SceneResult } from "./scene.js";

const HELP = `usage: npm run demo [-- [--kernel KERNEL] [--here]]

  --kernel KERNEL   kernel of the lab host: 6.1, 6.12 (default), debug or a built tree's folder
  --here            load the module into this machine's own kernel instead of a lab host's (root)
`;

const guest = fileURLToPath(new URL("./model-session.js", import.meta.url));

/** The server is busy half of the time, so that some requests find it free and some have to queue. */
const scene: Scene = {
  quantumNs: 20_000,
  toNs: 50_000,
  backNs: 20_000,
  requests: 200,
  clients: [{ language: "ts", seed: 2026, gapNs: 60_000 }],
  server: { language: "c", seed: 1, serviceNs: 30_000 },
};

/** Runs argv in the demo's machine and returns its standard output. */
type Runner = (argv: readonly string[]) => Promise<string>;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function inLab(kernel: Kernel): Promise<{ run: Runner; end: () => Promise<void> }> {
  const name = `demo-${process.pid}-k`;
  const lab = await up({ name, kernel: kernel.label });
  const [host] = lab.hosts;
  if (!host) throw new Error("the lab has no host");
  say(`lab host   ${host.name}, kernel ${kernel.release}, up in ${(host.bootMs ?? 0) / 1000} s`);
  const run: Runner = async (argv) => {
    const { status, stdout, stderr } = await exec(host.name, argv);
    if (status !== 0) throw new Error(`${argv.join(" ")}: status ${status}: ${stderr}`);
    return stdout.toString();
  };
  return { run, end: () => down(name) };
}

/** This machine's own kernel; its headers must be installed as Debian installs them. */
function thisKernel(): Kernel {
  const build = `/lib/modules/${release()}/build`;
  if (!existsSync(build))
    throw new LabError(
      ExitStatus.MACHINE_NOT_READY,
      `--here: ${build}: this machine's kernel has no headers installed`,
      `apt-get install linux-headers-${release()}, or leave --here out to use the lab`,
    );
  if (process.getuid?.() !== 0)
    throw new LabError(
      ExitStatus.MACHINE_NOT_READY,
      "--here: loading a module needs root",
      "run it as root, or leave --here out to use the lab",
    );
  const modules = `/lib/modules/${release()}`;
  const kernel = { label: "here", release: release(), version: release(), image: "", bootArgs: [] };
  return { ...kernel, modules, build };
}

const runHere: Runner = async ([name = "", ...args]) => {
  const { status, stdout, stderr, error } = spawnSync(name, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${[name, ...args].join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
};

async function play(kernel: Kernel, run: Runner): Promise<SceneResult> {
  await run(["insmod", moduleFile(kernel, "core")]);
  try {
    const version = (await run(["cat", "/sys/module/livestack/version"])).trim();
    say(`module     livestack.ko ${version}`);
    return JSON.parse(await run([process.execPath, guest, JSON.stringify(scene)])) as SceneResult;
  } finally {
    await run(["rmmod", "livestack"]);
  }
}

/** @throws Error unless all latencies are as calculated, and there are any */
function check(result: SceneResult): void {
  const own = measured(result).flat();
  const wanted = calculated(scene).flat();
  const { text, equal } = latencyTable(own, wanted);
  const us = (ns: number) => `${ns / 1000} us`;
  say(`session    a client and a server, mode strict, windows of ${us(scene.quantumNs)}`);
  say(`link       ${us(scene.toNs)} to the server, ${us(scene.backNs)} back`);
  say(`\nSimulated time in us; the first ${SHOWN} of ${own.length} requests:\n\n${text}\n`);
  say(
    `${equal} of ${wanted.length} latencies are those of queueing arithmetic, to the nanosecond.`,
  );
  if (result.late !== 0) throw new Error(`${result.late} messages were late`);
  if (equal === 0 || equal !== wanted.length || own.length !== wanted.length)
    throw new Error("measured latencies are not those of queueing arithmetic");
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kernel: { type: "string", default: DEFAULT_KERNEL },
      here: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return ExitStatus.OK;
  }
  const kernel = values.here ? thisKernel() : await resolveKernel(values.kernel);
  await buildModules(kernel);
  const { run, end } = values.here ? { run: runHere, end: async () => {} } : await inLab(kernel);
  try {
    check(await play(kernel, run));
  } finally {
    await end();
  }
  say("livestack: demo passed");
  return ExitStatus.OK;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`demo: ${messageOf(error)}\n`);
  if (error instanceof LabError && error.hint) process.stderr.write(`hint: ${error.hint}\n`);
  const badOption = error instanceof TypeError;
  if (badOption) process.stderr.write(HELP);
  process.exitCode =
    error instanceof LabError ? error.status : badOption ? ExitStatus.USAGE : ExitStatus.FAILED;
}
