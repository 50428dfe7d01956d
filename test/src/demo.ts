// SPDX-License-Identifier: Apache-2.0
// `npm run demo`: the main job. Boots a lab host, builds and loads the kernel modules there, and carries
// out test/scenarios/demo.yaml with `livestack run`: two virtual machines and two modelled processes on one
// simulated time. Whether it passed is read from the result.json of that run.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { release, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { RESULT_FILE, resultSchema } from "@livestack/controller/result";
import { tinyGuest } from "@livestack/image";
import {
  buildModules,
  DEFAULT_KERNEL,
  down,
  ExitStatus,
  exec,
  insertCommand,
  type Kernel,
  LabError,
  messageOf,
  repoRoot,
  resolveKernel,
  shellStatus,
  startCommand,
  up,
} from "@livestack/lab";
import { parseDocument } from "yaml";
import { demoText, faultsOf } from "./demo-check.js";
import { type ClusterHost, LabCluster } from "./lab-cluster.js";

const HELP = `usage: npm run demo [-- [--kernel KERNEL] [--hosts N | --here]]

  --kernel KERNEL   kernel of the lab host: 6.1, 6.12 (default), debug or a built tree's folder
  --hosts 2         on two lab hosts: a guest and a model on each, and the links between them
  --here            load the modules into this machine's own kernel instead of a lab host's (root)
`;

const SCENARIO = "test/scenarios/demo.yaml";
/** Where runs are kept, here; and until they are fetched, in the lab host. */
const RUNS = "runs";
const LAB_RUNS = "/root/runs";
/** In the order they are loaded. */
const MODULES = [
  ["core", "livestack"],
  ["vcpu", "livestack_vcpu"],
  ["ipc", "livestack_ipc"],
] as const;
const SYNC = ["sync", "livestack_sync"] as const;
type Module = (typeof MODULES)[number] | typeof SYNC;
const HOSTS_MAX = 2;

/** The machine, or machines, that the demo is played on. */
interface Stage {
  modules: readonly Module[];
  /** Runs argv on each to its end. @returns standard output of the first. @throws Error unless all end with 0 */
  run(argv: readonly string[]): Promise<string>;
  /** Carries out the scenario, with its progress on our standard error. */
  livestackRun(): Promise<{ status: number; folder: string | undefined }>;
  end(): Promise<void>;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function runArguments(out: string): string[] {
  const program = join(repoRoot, "packages/controller/bin/livestack.js");
  return [process.execPath, program, "run", join(repoRoot, SCENARIO), "--out", out];
}

async function labStage(kernel: Kernel, count: number): Promise<Stage> {
  const name = `demo-${process.pid}-k`;
  const { hosts } = await up({ name, kernel: kernel.label, cpus: 2, hosts: count });
  const run: Stage["run"] = async (argv) => {
    const outcomes = await Promise.all(
      hosts.map(async (host) => ({ host: host.name, ...(await exec(host.name, argv)) })),
    );
    for (const { host, status, stderr } of outcomes)
      if (status !== 0) throw new Error(`${host}: ${argv.join(" ")}: status ${status}: ${stderr}`);
    return outcomes[0]?.stdout.toString() ?? "";
  };
  const stage = { run, modules: MODULES, end: () => down(name) };
  try {
    for (const host of hosts)
      say(
        `lab host   ${host.name}, kernel ${kernel.release}, up in ${(host.bootMs ?? 0) / 1000} s`,
      );
    await run(["sh", "-c", "modprobe kvm_amd || modprobe kvm_intel"]);
    if (count === 1)
      return {
        ...stage,
        livestackRun: () => runInLab(hosts[0]?.name ?? "", runArguments(LAB_RUNS)),
      };
    // Theirs is loaded by then: the controller and agents are started with the run.
    return { ...stage, modules: [...MODULES, SYNC], livestackRun: () => runOnCluster(hosts) };
  } catch (error) {
    await stage.end();
    throw error;
  }
}

async function runInLab(host: string, argv: readonly string[]) {
  const command = await startCommand(host, { argv });
  command.stdin.end();
  command.stdout.resume();
  command.stderr.pipe(process.stderr, { end: false });
  const status = shellStatus(await command.exit);
  return { status, folder: await fetchRun(host) };
}

/** With a controller, and an agent on each host. */
async function runOnCluster(hosts: readonly ClusterHost[]) {
  const cluster = await LabCluster.start(hosts);
  const place = mkdtempSync(join(tmpdir(), "livestack-demo-"));
  try {
    say(`cluster    a controller on ${hosts[0]?.name}, agents on ${namesOf(hosts)}\n`);
    const file = join(place, "demo.yaml");
    writeFileSync(file, spreadOver(hosts, readFileSync(join(repoRoot, SCENARIO), "utf8")));
    return await runInLab(hosts[0]?.name ?? "", cluster.argv("run", file, "--out", LAB_RUNS));
  } finally {
    await cluster.end();
    rmSync(place, { recursive: true });
  }
}

function namesOf(hosts: readonly ClusterHost[]): string {
  return hosts.map(({ name }) => name).join(" and ");
}

/** The same scenario with a place for each component; programs are where they were. */
function spreadOver(hosts: readonly ClusterHost[], text: string): string {
  const scenario = parseDocument(text.replaceAll("../../", `${repoRoot}/`), { merge: true });
  const { components } = scenario.toJS() as { components: Record<string, object> };
  for (const [index, name] of Object.keys(components).entries())
    scenario.setIn(["components", name, "host"], hosts[index % hosts.length]?.name);
  return scenario.toString();
}

/** The one run of a lab host, which would be gone with it. @returns its folder here, if there is one */
async function fetchRun(host: string): Promise<string | undefined> {
  const { status, stdout } = await exec(host, ["tar", "-C", LAB_RUNS, "-c", "."]);
  if (status !== 0) return undefined;
  mkdirSync(RUNS, { recursive: true });
  const place = mkdtempSync(join(RUNS, ".fetched-"));
  try {
    const unpacked = spawnSync("tar", ["-C", place, "--no-same-owner", "-x"], { input: stdout });
    if (unpacked.status !== 0) throw new Error(`tar: ${unpacked.stderr}`);
    const [name] = readdirSync(place);
    return name === undefined ? undefined : moveAside(join(place, name), join(RUNS, name));
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** Nothing that is there is written over: the next free name is taken. */
function moveAside(from: string, to: string): string {
  let free = to;
  for (let count = 2; existsSync(free); count++) free = `${to}-${count}`;
  renameSync(from, free);
  return free;
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

const here: Stage = {
  modules: MODULES,
  run: async ([name = "", ...args]) => {
    const { status, stdout, stderr, error } = spawnSync(name, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${[name, ...args].join(" ")}: ${error?.message ?? stderr}`);
    return stdout;
  },
  livestackRun: async () => {
    const before = new Set(runsHere());
    const [program = "", ...args] = runArguments(RUNS);
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
    const status = await statusOf(child);
    const name = runsHere().find((each) => !before.has(each));
    return { status, folder: name === undefined ? undefined : join(RUNS, name) };
  },
  end: async () => {},
};

function runsHere(): string[] {
  return existsSync(RUNS) ? readdirSync(RUNS).filter((name) => name.startsWith("demo-")) : [];
}

function statusOf(child: ChildProcess): Promise<number> {
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => done(code ?? 1));
  });
}

async function play(kernel: Kernel, stage: Stage): Promise<void> {
  const loaded: string[] = [];
  try {
    for (const [folder, name] of stage.modules) {
      await stage.run(insertCommand(kernel, folder));
      loaded.unshift(name);
    }
    const versions: string[] = [];
    for (const [, name] of stage.modules) {
      const version = await stage.run(["cat", `/sys/module/${name}/version`]);
      versions.push(`${name}.ko ${version.trim()}`);
    }
    say(`modules    ${versions.join(", ")}`);
    say(`scenario   ${relative(process.cwd(), join(repoRoot, SCENARIO))}\n`);
    const { status, folder } = await stage.livestackRun();
    check(status, folder);
  } finally {
    for (const name of loaded) await stage.run(["rmmod", name]);
  }
}

/** Shows what came out. @throws Error unless all of it is as it has to be */
function check(status: number, folder: string | undefined): void {
  const kept = folder === undefined ? "it left no run folder" : `what it left is in ${folder}`;
  const file = folder === undefined ? undefined : join(folder, RESULT_FILE);
  if (file === undefined || !existsSync(file))
    throw new Error(`livestack run ended with status ${status} and no result; ${kept}`);
  const result = resultSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  say(`\n${demoText(result)}`);
  for (const warning of result.warnings) say(`warning    ${warning}`);
  say(`run folder ${folder}`);
  const faults = faultsOf(result);
  if (status !== 0) faults.unshift(`livestack run ended with status ${status}`);
  if (faults.length > 0) throw new Error(faults.join("; "));
}

function hostCount(text: string, isHere: boolean): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= HOSTS_MAX && !(isHere && count > 1))
    return count;
  throw new LabError(
    ExitStatus.USAGE,
    isHere ? "--here is one machine: leave --hosts out" : `--hosts ${text}: 1 or ${HOSTS_MAX}`,
    "the demo has two guests, one for each host",
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kernel: { type: "string", default: DEFAULT_KERNEL },
      hosts: { type: "string", default: "1" },
      here: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return ExitStatus.OK;
  }
  const hosts = hostCount(values.hosts, values.here);
  const kernel = values.here ? thisKernel() : await resolveKernel(values.kernel);
  await buildModules(kernel);
  // Here, and kept: an emulated host takes minutes for it, and forgets it.
  tinyGuest();
  const stage = values.here ? here : await labStage(kernel, hosts);
  try {
    await play(kernel, stage);
  } finally {
    await stage.end();
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
