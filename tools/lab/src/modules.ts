// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ExitStatus, LabError } from "./errors.js";
import type { Kernel } from "./kernels.js";
import { repoRoot } from "./paths.js";
import { runVisibly } from "./run.js";

const kernelDir = join(repoRoot, "kernel");

/** Names that `lab test` and selftests/run take: one folder below kernel/ is one module. */
export function moduleNames(): string[] {
  return readdirSync(kernelDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(kernelDir, entry.name, "Kbuild")))
    .map((entry) => entry.name)
    .filter((name) => name !== "build")
    .sort();
}

export function checkModuleName(name: string): void {
  if (!moduleNames().includes(name))
    throw new LabError(
      ExitStatus.USAGE,
      `${name}: no such module`,
      `take one of ${moduleNames().join(", ")}`,
    );
}

/** Builds all modules for `kernel` and the self-tests; only what has changed is compiled. */
export async function buildModules(kernel: Kernel): Promise<void> {
  await runVisibly("make", [
    "-s",
    `-j${availableParallelism()}`,
    "-C",
    kernelDir,
    `KDIR=${kernel.build}`,
    "LS_TEST_MODULES=m",
    "modules",
    "selftests",
  ]);
}

/** The object file of module `name` for `kernel`, as buildModules leaves it. */
export function moduleFile(kernel: Kernel, name: string): string {
  const dir = join(kernelDir, "build", kernel.release, name);
  const file = existsSync(dir) ? readdirSync(dir).find((each) => each.endsWith(".ko")) : undefined;
  if (!file)
    throw new LabError(
      ExitStatus.FAILED,
      `${dir}: no module here`,
      `build it: make -C kernel KDIR=${kernel.build}`,
    );
  return join(dir, file);
}

const INSERT =
  'for needed in $(modinfo -F depends "$1" | tr , " "); do modprobe -q "$needed"; done; exec insmod "$1"';

/**
 * The command that loads module `name` in a host of `kernel`, with those of the kernel's own that it needs,
 * which insmod does not look for.
 */
export function insertCommand(kernel: Kernel, name: string): string[] {
  return ["sh", "-c", INSERT, "sh", moduleFile(kernel, name)];
}

export const selftestRunner = join(kernelDir, "selftests/run");
