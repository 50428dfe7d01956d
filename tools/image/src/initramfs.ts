// SPDX-License-Identifier: Apache-2.0
// Makes initramfs archives, for lab hosts and guests, and keeps them in the cache.

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDir, type DebianKernel } from "./cache.js";
import { ImageError } from "./errors.js";
import { runSync } from "./run.js";

/** C files that run in guests; those that lab hosts share are here too. */
const guestDir = fileURLToPath(new URL("../guest/", import.meta.url));

export function guestSources(...names: string[]): string[] {
  return names.map((name) => join(guestDir, name));
}

const DECOMPRESS: Record<string, [string, ...string[]]> = {
  ".xz": ["xz", "-dc"],
  ".gz": ["gzip", "-dc"],
  ".zst": ["zstd", "-dc"],
};

export interface CacheKey {
  /** first word of the file's name */
  kind: string;
  /** whatever else the content follows from: versions, lists of names */
  inputs: readonly string[];
  /** files whose text the content follows from */
  sources: readonly string[];
}

/**
 * Path of the archive for `key`: the one in the cache, or else a new one of the root that `fill`
 * makes in the folder it is given.
 * @throws ImageError with what failed, no-space when the disk is full
 */
export function cachedInitramfs(key: CacheKey, fill: (root: string) => void): string {
  return cachedFile(key, ".cpio", (stage) => {
    const root = join(stage, "root");
    mkdirSync(root);
    fill(root);
    mkdirSync(join(root, "dev"), { recursive: true });
    const names = runSync("find", [".", "-print0"], { cwd: root });
    const pack = ["--null", "-o", "-H", "newc", "-R", "0:0", "--quiet"];
    const file = join(stage, "cpio");
    writeFileSync(file, runSync("cpio", pack, { cwd: root, input: names }));
    return file;
  });
}

/**
 * Path of one static program compiled from C files, in the cache.
 * @param sources the files that are compiled, then headers they include
 */
export function cachedProgram(name: string, sources: readonly string[]): string {
  return cachedFile({ kind: name, inputs: [], sources }, "", (stage) => {
    const program = join(stage, name);
    compileStatic(sources, program);
    return program;
  });
}

function cachedFile(key: CacheKey, suffix: string, make: (stage: string) => string): string {
  const hash = createHash("sha256").update(JSON.stringify([key.kind, key.inputs]));
  for (const source of key.sources) hash.update(readFileSync(source));
  const place = join(cacheDir(), "initramfs");
  const file = join(place, `${key.kind}-${hash.digest("hex").slice(0, 16)}${suffix}`);
  if (existsSync(file)) return file;
  try {
    mkdirSync(place, { recursive: true });
    const stage = mkdtempSync(join(place, ".stage-"));
    try {
      renameSync(make(stage), file);
    } finally {
      rmSync(stage, { recursive: true, force: true });
    }
  } catch (error) {
    throw ImageError.from(error);
  }
  return file;
}

/** @param sources the .c files among them are compiled, headers are found beside them */
export function compileStatic(sources: readonly string[], output: string): void {
  const options = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE"];
  const files = sources.filter((source) => source.endsWith(".c"));
  runSync("gcc", [...options, "-static", "-s", `-I${guestDir}`, "-o", output, ...files]);
}

function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, "")
    .replaceAll("-", "_");
}

function lines(path: string): string[] {
  return readFileSync(path, "utf8").split("\n").filter(Boolean);
}

/**
 * Puts the kernel's modules `names`, with all they depend on, into `root`/modules, unpacked, and
 * their paths in the order of loading into `root`/modules/list. What is built in is left out.
 * @throws ImageError when the kernel has one of them in neither form
 */
export function addModules(
  kernel: Pick<DebianKernel, "modules" | "release">,
  names: readonly string[],
  root: string,
): void {
  mkdirSync(join(root, "modules"));
  const loaded = requiredModules(kernel, names).map((path) => unpackModule(kernel, path, root));
  writeFileSync(join(root, "modules/list"), loaded.map((name) => `/modules/${name}\n`).join(""));
}

/** Paths below kernel.modules, each after all it depends on. */
function requiredModules(
  kernel: Pick<DebianKernel, "modules" | "release">,
  names: readonly string[],
): string[] {
  const builtIn = new Set(lines(join(kernel.modules, "modules.builtin")).map(moduleName));
  const dependencies = new Map<string, string[]>();
  for (const line of lines(join(kernel.modules, "modules.dep"))) {
    const [path = "", rest = ""] = line.split(":");
    dependencies.set(path, rest.split(" ").filter(Boolean));
  }
  const byName = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]));
  const ordered = new Set<string>();
  for (const name of names) {
    const path = byName.get(name);
    if (path)
      for (const each of [...(dependencies.get(path) ?? []).reverse(), path]) ordered.add(each);
    else if (!builtIn.has(name))
      throw new ImageError(
        "driver-missing",
        `${kernel.modules}: kernel ${kernel.release} has no ${name}, which it is booted with: ` +
          "build it with that driver, as tools/lab/debug-kernel.config does.",
      );
  }
  return [...ordered];
}

function unpackModule(kernel: Pick<DebianKernel, "modules">, path: string, root: string): string {
  const name = `${moduleName(path)}.ko`;
  const packed = readFileSync(join(kernel.modules, path));
  const tool = DECOMPRESS[path.slice(path.lastIndexOf("."))];
  const data = tool ? runSync(tool[0], tool.slice(1), { input: packed }) : packed;
  writeFileSync(join(root, "modules", name), data);
  return name;
}
