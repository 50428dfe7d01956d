// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { cacheDir, debianKernel, kernelSeries, runSync } from "@livestack/image";
import { buildDebugKernel } from "./debug-kernel.js";
import { ExitStatus, LabError } from "./errors.js";

/** A kernel that lab hosts can boot and modules can be built against. */
export interface Kernel {
  /** as it was asked for: "6.1", "6.12", "debug" or a folder */
  label: string;
  /** what `uname -r` says */
  release: string;
  /** tells apart two kernels of the same release: package version, or the tree's fingerprint */
  version: string;
  image: string;
  /** folder that becomes /lib/modules/RELEASE; modules.dep is in it */
  modules: string;
  /** KDIR for `make`: headers, or the tree itself */
  build: string;
  /** what this kernel wants on its command line beside what every lab host gets */
  bootArgs: string[];
}

export const DEFAULT_KERNEL = "6.12";

/**
 * @param name a kernel that setup brought ("6.1", "6.12"), "debug", or the folder of a built tree
 * @throws LabError USAGE for what is none of these
 */
export async function resolveKernel(name: string): Promise<Kernel> {
  const known = debianKernel(name);
  if (known) {
    const { headers, ...parts } = known;
    return { label: name, ...parts, build: headers, bootArgs: [] };
  }
  if (name === "debug") return { ...kernelTree(await buildDebugKernel()), label: name };
  if (name.includes("/") || existsSync(name)) return kernelTree(resolve(name));
  throw new LabError(
    ExitStatus.USAGE,
    `--kernel ${name}: no such kernel`,
    `take one of ${[...kernelSeries(), "debug"].join(", ")}, or the folder of a built kernel tree`,
  );
}

const TREE_PARTS = {
  image: "arch/x86/boot/bzImage",
  release: "include/generated/utsrelease.h",
  config: ".config",
  symvers: "Module.symvers",
  order: "modules.order",
} as const;

function kernelTree(dir: string): Kernel {
  const missing = Object.values(TREE_PARTS).filter((part) => !existsSync(join(dir, part)));
  if (missing.length > 0)
    throw new LabError(
      ExitStatus.USAGE,
      `--kernel ${dir}: not a built kernel tree: it has no ${missing.join(", no ")}`,
      "name a folder in which `make bzImage modules` has run",
    );
  const text = (part: string) => readFileSync(join(dir, part), "utf8");
  const release = /UTS_RELEASE "(.*)"/.exec(text(TREE_PARTS.release))?.[1] ?? "";
  const version = fingerprint(dir);
  return {
    label: dir,
    release,
    version,
    image: join(dir, TREE_PARTS.image),
    modules: installModules(dir, release, version),
    build: dir,
    bootArgs: checkerArgs(text(TREE_PARTS.config)),
  };
}

/**
 * What keeps a kernel's own checkers at work. KASAN falls silent after its first report, and under
 * emulation with 5-level paging it has a false one at boot; kmemleak has to be asked for.
 */
function checkerArgs(config: string): string[] {
  const has = (name: string) => config.includes(`\nCONFIG_${name}=y\n`);
  return [
    ...(has("KASAN") ? ["no5lvl", "kasan_multi_shot"] : []),
    ...(has("DEBUG_KMEMLEAK") ? ["kmemleak=on"] : []),
  ];
}

/** Cheap to take on every `up`, and different after every build of the tree. */
function fingerprint(dir: string): string {
  const hash = createHash("sha256").update(dir);
  for (const part of [TREE_PARTS.image, TREE_PARTS.symvers, TREE_PARTS.order]) {
    const { mtimeMs, size } = statSync(join(dir, part));
    hash.update(`${part} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex").slice(0, 16);
}

/** The tree stays as it is: its modules are installed into the cache, once a build. */
function installModules(dir: string, release: string, version: string): string {
  const place = join(cacheDir(), "kernels", `tree-${version}`);
  const modules = join(place, "lib/modules", release);
  if (existsSync(modules)) return modules;
  const partial = `${place}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    runSync("make", [
      "-C",
      dir,
      "modules_install",
      `INSTALL_MOD_PATH=${partial}`,
      "INSTALL_MOD_STRIP=1",
      "DEPMOD=true",
    ]);
    runSync("/sbin/depmod", ["-b", partial, release]);
    renameSync(partial, place);
  } catch (error) {
    // Another `up` may have been faster; its result is as good as ours.
    if (!existsSync(modules)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return modules;
}
