// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
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
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ExitStatus, LabError } from "./errors.js";
import type { Kernel } from "./kernels.js";
import { cacheDir } from "./paths.js";
import { run } from "./run.js";

const guestDir = fileURLToPath(new URL("../guest/", import.meta.url));

/** Drivers that a lab host needs before it has a root; built-in ones and those unknown are told apart. */
const MODULES = [
  "virtio_pci",
  "virtio_console",
  "virtio_net",
  "virtio_blk",
  "virtiofs",
  "overlay",
  "ext4",
];

const DECOMPRESS: Record<string, [string, ...string[]]> = {
  ".xz": ["xz", "-dc"],
  ".gz": ["gzip", "-dc"],
  ".zst": ["zstd", "-dc"],
};

/**
 * The initramfs that makes `kernel` a lab host: our init, the agent and the drivers, in 5 MB and
 * without a shell. Made once a kernel and version of guest/.
 */
export function labInitramfs(kernel: Kernel): string {
  return cached("lab", [kernel.release, kernel.version, ...MODULES], (stage) => {
    compile(["init.c"], join(stage, "init"));
    compile(["agent.c", "spawn.c"], join(stage, "agent"));
    mkdirSync(join(stage, "modules"));
    const loaded = requiredModules(kernel).map((path) => unpackModule(kernel, path, stage));
    writeFileSync(join(stage, "modules/list"), loaded.map((name) => `/modules/${name}\n`).join(""));
  });
}

/** An initramfs that only powers off: the yardstick for boots and the probe for accelerators. */
export function offInitramfs(): string {
  return cached("off", [], (stage) => compile(["off.c"], join(stage, "init")));
}

function cached(kind: string, inputs: string[], fill: (stage: string) => void): string {
  const hash = createHash("sha256").update(JSON.stringify([kind, inputs]));
  for (const name of readdirSync(guestDir).sort()) hash.update(readFileSync(join(guestDir, name)));
  const place = join(cacheDir(), "initramfs");
  const file = join(place, `${kind}-${hash.digest("hex").slice(0, 16)}.cpio`);
  if (existsSync(file)) return file;
  mkdirSync(place, { recursive: true });
  const stage = mkdtempSync(join(place, ".stage-"));
  try {
    const root = join(stage, "root");
    mkdirSync(root);
    fill(root);
    mkdirSync(join(root, "dev"));
    const names = run("find", [".", "-print0"], { cwd: root });
    const archive = run("cpio", ["--null", "-o", "-H", "newc", "-R", "0:0", "--quiet"], {
      cwd: root,
      input: names,
    });
    writeFileSync(join(stage, "cpio"), archive);
    renameSync(join(stage, "cpio"), file);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return file;
}

function compile(sources: string[], output: string): void {
  run("gcc", [
    "-std=gnu11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-D_GNU_SOURCE",
    "-static",
    "-s",
    "-o",
    output,
    ...sources.map((name) => join(guestDir, name)),
  ]);
}

function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, "")
    .replaceAll("-", "_");
}

function lines(path: string): string[] {
  return readFileSync(path, "utf8").split("\n").filter(Boolean);
}

/** Paths below kernel.modules, each after all it depends on. */
function requiredModules(kernel: Kernel): string[] {
  const builtIn = new Set(lines(join(kernel.modules, "modules.builtin")).map(moduleName));
  const dependencies = new Map<string, string[]>();
  for (const line of lines(join(kernel.modules, "modules.dep"))) {
    const [path = "", rest = ""] = line.split(":");
    dependencies.set(path, rest.split(" ").filter(Boolean));
  }
  const byName = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]));
  const ordered = new Set<string>();
  for (const name of MODULES) {
    const path = byName.get(name);
    if (path)
      for (const each of [...(dependencies.get(path) ?? []).reverse(), path]) ordered.add(each);
    else if (!builtIn.has(name))
      throw new LabError(
        ExitStatus.FAILED,
        `${kernel.modules}: kernel ${kernel.release} has no ${name}, which a lab host boots from`,
        `build it with that driver, as tools/lab/debug-kernel.config does`,
      );
  }
  return [...ordered];
}

function unpackModule(kernel: Kernel, path: string, stage: string): string {
  const name = `${moduleName(path)}.ko`;
  const packed = readFileSync(join(kernel.modules, path));
  const tool = DECOMPRESS[path.slice(path.lastIndexOf("."))];
  const data = tool ? run(tool[0], tool.slice(1), { input: packed }) : packed;
  writeFileSync(join(stage, "modules", name), data);
  return name;
}
