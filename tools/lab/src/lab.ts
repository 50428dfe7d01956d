// SPDX-License-Identifier: Apache-2.0
import { fork } from "node:child_process";
import { existsSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildImage, cacheDir } from "@livestack/image";
import { accelerator } from "./accelerator.js";
import { prepareDebian } from "./debian.js";
import { ExitStatus, errorCode, LabError, messageOf } from "./errors.js";
import { labInitramfs } from "./initramfs.js";
import { DEFAULT_KERNEL, resolveKernel } from "./kernels.js";
import { hostFiles, type LabSpec } from "./machine.js";
import { labDir, stateDir } from "./paths.js";
import { isAlive, signalProcess } from "./process.js";
import { findHost, type LabState, LOG_FILE, lastWords, readState } from "./state.js";
import type { SupervisorMessage } from "./supervisor.js";

const SUPERVISOR = fileURLToPath(new URL("./supervisor.js", import.meta.url));
const STATE_BYTES = 64 << 20;
const STOP_LIMIT_MS = 10_000;

export interface UpOptions {
  name: string;
  hosts?: number;
  /** "6.1", "6.12", "debug" or the folder of a built kernel tree */
  kernel?: string;
  cpus?: number;
  memoryBytes?: number;
  root?: "host" | "debian";
  /** Debian packages on top of the image's own, for root "debian" */
  packages?: string[];
  exact?: boolean;
}

/** QEMU 10.0.2's emulation was seen to trip over an assertion of its own at boot (iotlb_to_section). */
const EMULATOR_ABORTED = "its QEMU ended with SIGABRT";

/**
 * Boots a lab and returns when all its hosts take commands. If that fails, nothing of it is left. A
 * boot in which the emulator itself aborts is tried once more.
 * @throws LabError USAGE, NAME_IN_USE, MACHINE_NOT_READY or FAILED
 */
export async function up(options: UpOptions): Promise<LabState> {
  try {
    return await bootOnce(options);
  } catch (error) {
    if (!messageOf(error).includes(EMULATOR_ABORTED)) throw error;
    process.stderr.write(`lab: ${messageOf(error)}\nlab: the emulator failed, booting once more\n`);
    return bootOnce(options);
  }
}

async function bootOnce(options: UpOptions): Promise<LabState> {
  checkName(options.name);
  const cpus = wholeNumber("--cpus", options.cpus ?? (options.exact ? 1 : 2), 1, 64);
  if (options.exact && cpus !== 1)
    throw new LabError(
      ExitStatus.USAGE,
      `--exact with --cpus ${cpus}: instruction-counted time works on one CPU only`,
      "leave --cpus out, or --exact",
    );
  const dir = claim(options.name);
  try {
    const kernel = await resolveKernel(options.kernel ?? DEFAULT_KERNEL);
    const root = options.root ?? "host";
    const spec: LabSpec = {
      name: options.name,
      hosts: wholeNumber("--hosts", options.hosts ?? 1, 1, 32),
      kernel,
      cpus,
      memoryBytes: options.memoryBytes ?? 1 << 30,
      root,
      exact: options.exact ?? false,
      accelerator: options.exact ? "tcg" : accelerator(kernel),
    };
    if (root === "debian") spec.image = await debianImage(options.packages ?? []);
    labInitramfs(kernel);
    writeFileSync(join(dir, "spec.json"), JSON.stringify(spec));
    await startSupervisor(dir);
    const state = readState(options.name);
    if (!state) throw new LabError(ExitStatus.FAILED, `lab ${options.name}: it ended at once`);
    if (root === "debian") await prepareDebian(state);
    return state;
  } catch (error) {
    await end(options.name);
    throw error;
  }
}

/** Ends a lab and removes all that was of it, also when its supervisor has been killed. */
export async function down(name: string): Promise<void> {
  if (!existsSync(labDir(name))) {
    const lab = findHost(name)?.lab.spec.name;
    const hint = lab ? `it is a host of lab ${lab}: \`lab down ${lab}\`` : "`lab ls` lists them";
    throw new LabError(ExitStatus.NO_SUCH_LAB, `${name}: no such lab`, hint);
  }
  await end(name);
}

function checkName(name: string): void {
  if (!/^[a-z]([a-z0-9-]{0,22}[a-z-])?$/.test(name))
    throw new LabError(
      ExitStatus.USAGE,
      `--name ${JSON.stringify(name)}: not a lab's name`,
      "take at most 24 of a-z, 0-9 and -, beginning with a letter and not ending in a digit " +
        "(hosts are NAME1, NAME2, ...)",
    );
}

function wholeNumber(option: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new LabError(
      ExitStatus.USAGE,
      `${option} ${value}: not a whole number from ${min} to ${max}`,
    );
  return value;
}

/** The lab's folder is its lock: whoever makes it owns the name. */
function claim(name: string): string {
  const { bavail, bsize } = statfsSync(stateDir());
  if (bavail * bsize < STATE_BYTES)
    throw new LabError(
      ExitStatus.FAILED,
      `${stateDir()}: less than ${STATE_BYTES >> 20} MiB free for a lab's console logs`,
      "free some space there",
    );
  const dir = labDir(name);
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (cause) {
    if (errorCode(cause) !== "EEXIST") throw cause;
    throw new LabError(
      ExitStatus.NAME_IN_USE,
      `--name ${name}: a lab of that name exists`,
      `take another name, or end it first: npm run -s lab -- down ${name}`,
      cause,
    );
  }
  return dir;
}

async function debianImage(packages: string[]): Promise<string> {
  const log = (line: string) => process.stderr.write(`lab: ${line}\n`);
  const { path } = await buildImage({ packages }, { cacheDir: cacheDir(), log });
  return path;
}

async function startSupervisor(dir: string): Promise<void> {
  const log = openSync(join(dir, LOG_FILE), "a");
  const child = fork(SUPERVISOR, [dir], {
    detached: true,
    cwd: "/",
    stdio: ["ignore", log, log, "ipc"],
  });
  const message = await new Promise<SupervisorMessage>((done) => {
    child.once("message", (heard) => done(heard as SupervisorMessage));
    child.once("exit", () =>
      done({ failed: `the lab's supervisor ended before the hosts were up${lastWords(dir)}` }),
    );
  });
  if ("failed" in message) throw new LabError(ExitStatus.FAILED, message.failed);
  child.disconnect();
  child.unref();
}

async function end(name: string): Promise<void> {
  const state = readState(name);
  if (state) {
    signalProcess(state.supervisor, "SIGTERM");
    const limit = performance.now() + STOP_LIMIT_MS;
    while (isAlive(state.supervisor) && performance.now() < limit)
      await new Promise((done) => setTimeout(done, 20));
    signalProcess(state.supervisor, "SIGKILL");
    for (const child of state.children) signalProcess(child, "SIGKILL");
    for (const host of state.hosts)
      await releaseRootServer(hostFiles(labDir(name), host.index).virtiofs);
  }
  rmSync(labDir(name), { recursive: true, force: true });
}

/**
 * A root server that sudo started is not ours to signal, but it ends once its one client has come
 * and gone.
 */
function releaseRootServer(path: string): Promise<void> {
  return new Promise((done) => {
    const socket = connect(path, () => socket.destroy());
    socket.once("error", () => done());
    socket.once("close", () => done());
  });
}
