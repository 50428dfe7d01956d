// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ExitStatus, LabError } from "./errors.js";

export const repoRoot = fileURLToPath(new URL("../../../", import.meta.url));

/** The cache's real path: a lab host sees it below another root, where an absolute link leads astray. */
export function cacheDir(): string {
  const dir = resolve(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "livestack");
  return existsSync(dir) ? realpathSync(dir) : dir;
}

/**
 * Where running labs keep their sockets: a short path, because a Unix socket's may have only 107
 * bytes, and one that is the same for every shell of this user, so that `lab ls` sees all labs.
 */
export function stateDir(): string {
  const { uid } = userInfo();
  const dir = `/tmp/livestack-lab-${uid}`;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = statSync(dir);
  if (owner !== uid || (mode & 0o077) !== 0)
    throw new LabError(
      ExitStatus.FAILED,
      `${dir}: belongs to another user or is open to others`,
      `remove it, or make it yours alone: chmod 700 ${dir}`,
    );
  return dir;
}

export function labDir(name: string): string {
  return join(stateDir(), name);
}

export interface CachedKernel {
  version: string;
  release: string;
  dir: string;
}

/** What tools/setup has put in the cache; folders are relative to the cache. */
export interface Manifest {
  schema: "livestack.setup/1";
  kernels: Record<string, CachedKernel>;
  qemu: { version: string; dir: string };
}

export function readManifest(): Manifest {
  const path = join(cacheDir(), "setup.json");
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Manifest;
  } catch (cause) {
    throw new LabError(
      ExitStatus.MACHINE_NOT_READY,
      `${path}: this machine has no kernels and no QEMU for the lab yet`,
      "run `npm run setup` once",
      cause,
    );
  }
}

/** Debian 12's QEMU tools, unpacked into the cache, with their libraries. */
export interface Tools {
  /** environment that finds the unpacked libraries */
  env: Record<string, string>;
  qemu: string;
  qemuArgs: string[];
  virtiofsd: string;
  vdeSwitch: string;
}

export function tools(): Tools {
  const tree = join(cacheDir(), readManifest().qemu.dir);
  return {
    env: {
      LD_LIBRARY_PATH: ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"]
        .map((lib) => join(tree, lib))
        .join(":"),
    },
    qemu: join(tree, "usr/bin/qemu-system-x86_64"),
    qemuArgs: ["-L", join(tree, "usr/share/qemu"), "-L", join(tree, "usr/share/seabios")],
    virtiofsd: join(tree, "usr/lib/qemu/virtiofsd"),
    vdeSwitch: join(tree, "usr/bin/vde_switch"),
  };
}
