// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { LivestackError } from "../livestack-error.js";
import { programVersion } from "../program-version.js";
import { worksWithUs } from "../version-distance.js";

/** Module -> its folder in kernel/, in the order they are loaded. */
const FOLDERS = {
  livestack: "core",
  livestack_vcpu: "vcpu",
  livestack_ipc: "ipc",
  livestack_sync: "sync",
} as const;
export type ModuleName = keyof typeof FOLDERS;

export function isModuleName(text: string): text is ModuleName {
  return Object.hasOwn(FOLDERS, text);
}

export interface ModulePlace {
  /** what stands for "/" */
  root: string;
  checkout: string;
}

/** Loads those modules that are not loaded yet; tests hand in their own. */
export type LoadModules = (names: readonly ModuleName[], place: ModulePlace) => Promise<void>;

const run = promisify(execFile);

/**
 * Loaded already with a matching version, else by modprobe, else the checkout's own build.
 * @throws LivestackError NOT_LOADED, naming all three; MODULE_REFUSED for another version
 */
export const loadModules: LoadModules = async (names, place) => {
  for (const name of names) {
    if (!isLoaded(name, place)) await load(name, place);
    checkVersion(name, place);
  }
};

function isLoaded(name: ModuleName, { root }: ModulePlace): boolean {
  return existsSync(join(root, "sys/module", name));
}

async function load(name: ModuleName, { checkout }: ModulePlace): Promise<void> {
  const byName = await tried("modprobe", name);
  if (byName === undefined) return;
  const file = join(checkout, "kernel/build", release(), FOLDERS[name], `${name}.ko`);
  const byFile = existsSync(file) ? await inserted(file) : "there is no such file";
  if (byFile === undefined) return;
  throw new LivestackError(
    "NOT_LOADED",
    `the kernel module ${name} is not loaded; modprobe ${name}: ${byName}; ${file}: ${byFile}`,
    {
      place: `${name}.ko`,
      hint: "install it (make -C kernel install, or DKMS), or build it: make -C kernel; as root",
    },
  );
}

/** With those of the kernel's own modules that it needs, which insmod does not look for. @returns why it failed */
async function inserted(file: string): Promise<string | undefined> {
  const { stdout } = await run("modinfo", ["-F", "depends", file]).catch(() => ({ stdout: "" }));
  const needed = stdout.trim().split(",").filter(Boolean);
  for (const name of needed) if (!isModuleName(name)) await tried("modprobe", name);
  return tried("insmod", file);
}

/** @returns why it failed */
async function tried(program: string, argument: string): Promise<string | undefined> {
  try {
    await run(program, [argument]);
    return undefined;
  } catch (thrown) {
    const { stderr = "", message } = thrown as Error & { stderr?: string };
    return (stderr.trim().split("\n").at(-1) || message).replace(/^\w+: (FATAL|ERROR): /, "");
  }
}

function checkVersion(name: ModuleName, { root }: ModulePlace): void {
  const file = join(root, "sys/module", name, "version");
  const loaded = existsSync(file) ? readFileSync(file, "utf8").trim() : "unknown";
  if (worksWithUs(loaded)) return;
  throw new LivestackError(
    "MODULE_REFUSED",
    `version ${loaded} of ${name} is loaded, this program is ${programVersion()}`,
    {
      place: `${name}.ko`,
      hint: `unload it (rmmod ${name}) and load the module built from the same checkout`,
    },
  );
}
