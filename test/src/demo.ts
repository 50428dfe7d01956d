// SPDX-License-Identifier: Apache-2.0
// `npm run demo`: the main job as far as it has come. Boots a lab host, builds and loads the kernel
// module there, asks it over netlink what it is, and checks the answer.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
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
  repoRoot,
  resolveKernel,
  up,
} from "@livestack/lab";

const HELP = `usage: npm run demo [-- [--kernel KERNEL] [--here]]

  --kernel KERNEL   kernel of the lab host: 6.1, 6.12 (default), debug or a built tree's folder
  --here            load the module into this machine's own kernel instead of a lab host's (root)
`;

const program = join(repoRoot, "packages/controller/bin/livestack.js");

interface Answer {
  program: string;
  module: { version: string; abi: number } | null;
}

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

async function ask(kernel: Kernel, run: Runner): Promise<Answer> {
  await run(["insmod", moduleFile(kernel, "core")]);
  try {
    return JSON.parse(await run([process.execPath, program, "version", "-o", "json"])) as Answer;
  } finally {
    await run(["rmmod", "livestack"]);
  }
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
    const answer = await ask(kernel, run);
    say(`livestack  ${answer.program}`);
    say(
      `module     ${answer.module ? `${answer.module.version}, netlink ABI ${answer.module.abi}` : "no answer"}`,
    );
    if (typeof answer.module?.version !== "string" || typeof answer.module.abi !== "number")
      throw new Error("the module did not answer with its version and ABI");
    if (answer.module.version !== answer.program)
      throw new Error("program and module are not of the same version");
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
