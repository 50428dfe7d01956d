// SPDX-License-Identifier: Apache-2.0
// What tools/setup has put into LiveStack's cache: kernels, QEMU, busybox.

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { ImageError } from "./errors.js";

/** The cache's real path: a lab host sees it below another root, where an absolute link leads astray. */
export function cacheDir(): string {
  const base = process.env.XDG_CACHE_HOME ?? "";
  // The XDG rule: a relative path is invalid and ignored.
  const dir = join(isAbsolute(base) ? base : join(homedir(), ".cache"), "livestack");
  return existsSync(dir) ? realpathSync(dir) : dir;
}

interface CachedPart {
  version: string;
  /** relative to the cache */
  dir: string;
}

/** setup.json, as far as it is read here. */
interface Manifest {
  schema: "livestack.setup/1";
  kernels: Record<string, CachedPart & { release: string }>;
  qemu?: CachedPart;
  busybox?: CachedPart;
}

function readManifest(): Manifest {
  const path = join(cacheDir(), "setup.json");
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Manifest;
  } catch (cause) {
    const isAbsent = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const why = isAbsent ? "" : ` that can be read (${(cause as Error).message})`;
    throw notSetUp(path, `no kernels and no QEMU${why}`, cause);
  }
}

function notSetUp(path: string, lack: string, cause?: unknown): ImageError {
  const text = `${path}: this machine has ${lack} in the cache yet: run \`npm run setup\` once.`;
  return new ImageError("not-set-up", text, { cause });
}

/** @throws ImageError not-set-up */
function partDir(name: "qemu" | "busybox"): string {
  const part = readManifest()[name];
  if (!part) throw notSetUp(join(cacheDir(), "setup.json"), `no ${name}`);
  return join(cacheDir(), part.dir);
}

/** A Debian kernel that setup brought. */
export interface DebianKernel {
  /** what `uname -r` says */
  release: string;
  /** of the package */
  version: string;
  /** what boots */
  image: string;
  /** folder that becomes /lib/modules/RELEASE; modules.dep is in it */
  modules: string;
  /** KDIR for `make` */
  headers: string;
}

/** The series that setup brought, such as "6.12". */
export function kernelSeries(): string[] {
  return Object.keys(readManifest().kernels);
}

/**
 * @param series one of kernelSeries()
 * @returns undefined for any other
 * @throws ImageError not-set-up
 */
export function debianKernel(series: string): DebianKernel | undefined {
  const known = readManifest().kernels[series];
  if (!known) return undefined;
  const dir = realpathSync(join(cacheDir(), known.dir));
  return {
    release: known.release,
    version: known.version,
    image: join(dir, "boot", `vmlinuz-${known.release}`),
    modules: join(dir, "lib/modules", known.release),
    headers: join(dir, "usr/src", `linux-headers-${known.release}`),
  };
}

/**
 * Path of the static busybox.
 * @throws ImageError not-set-up
 */
export function busyboxProgram(): string {
  return join(partDir("busybox"), "bin/busybox");
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

/** @throws ImageError not-set-up */
export function tools(): Tools {
  const tree = partDir("qemu");
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
