// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addModules, cachedInitramfs, compileStatic, guestSources } from "@livestack/image";
import type { Kernel } from "./kernels.js";

const guestDir = fileURLToPath(new URL("../guest/", import.meta.url));

/** What the lab's agent shares with the guests'. */
const SHARED = guestSources("port.c", "port.h", "start.c", "start.h");

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

/**
 * The initramfs that makes `kernel` a lab host: our init, the agent and the drivers, in 5 MB and
 * without a shell. Made once a kernel and version of guest/.
 */
export function labInitramfs(kernel: Kernel): string {
  return cached("lab", [kernel.release, kernel.version, ...MODULES], (root) => {
    compileStatic(sources("init.c"), join(root, "init"));
    compileStatic([...sources("agent.c", "spawn.c"), ...SHARED], join(root, "agent"));
    addModules(kernel, MODULES, root);
  });
}

/** An initramfs that only powers off: the yardstick for boots and the probe for accelerators. */
export function offInitramfs(): string {
  return cached("off", [], (root) => compileStatic(sources("off.c"), join(root, "init")));
}

function sources(...names: string[]): string[] {
  return names.map((name) => join(guestDir, name));
}

function cached(kind: string, inputs: string[], fill: (root: string) => void): string {
  const own = sources(...readdirSync(guestDir).sort());
  return cachedInitramfs({ kind, inputs, sources: [...own, ...SHARED] }, fill);
}
