// SPDX-License-Identifier: Apache-2.0
// `builtin:tiny`: the guest that boots fastest, a Debian kernel with busybox and the guest agent.

import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { busyboxProgram } from "./cache.js";
import { guestKernel } from "./guest-kernel.js";
import {
  addModules,
  cachedInitramfs,
  cachedProgram,
  compileStatic,
  guestSources,
} from "./initramfs.js";
import { runSync } from "./run.js";

const AGENT = guestSources(
  ...["agent.c", "files.c", "line.c", "port.c", "reply.c", "runs.c", "start.c"],
  ...["agent.h", "line.h", "port.h", "start.h"],
);

/** File -> its place and mode in the guest. */
const SCRIPTS: Record<string, [place: string, mode: number]> = {
  "tiny-init": ["init", 0o755],
  "tiny-inittab": ["etc/inittab", 0o644],
};

/** Drivers of what a guest may have: agent's port, disks, network; and a file system. */
const MODULES = ["virtio_pci", "virtio_console", "virtio_blk", "virtio_net", "ext4"];

const FOLDERS = ["etc", "mnt", "proc", "root", "run", "sys", "tmp", "usr/local/bin"];

/** A guest that boots without a disk of its own. */
export interface TinyGuest {
  /** for QEMU's -kernel */
  kernel: string;
  /** for QEMU's -initrd */
  initrd: string;
  /** what `uname -r` says in it */
  release: string;
}

/**
 * The guest `builtin:tiny`, from the cache, or made now, in about a second and without network.
 * @param series one of the kernels that setup brought
 * @throws ImageError not-set-up, usage for another kernel, or what failed
 */
export function tinyGuest(series?: string): TinyGuest {
  const kernel = guestKernel(series);
  const busybox = busyboxProgram();
  const inputs = [kernel.release, kernel.version, busybox, ...MODULES, ...FOLDERS];
  const key = {
    kind: "tiny",
    inputs,
    sources: [...AGENT, ...guestSources(...Object.keys(SCRIPTS))],
  };
  const initrd = cachedInitramfs(key, (root) => {
    addBusybox(busybox, root);
    addModules(kernel, MODULES, root);
    for (const name of FOLDERS) mkdirSync(join(root, name), { recursive: true });
    chmodSync(join(root, "tmp"), 0o1777);
    compileStatic(AGENT, join(root, "sbin/livestack-agent"));
    for (const [name, [place, mode]] of Object.entries(SCRIPTS)) {
      for (const source of guestSources(name)) copyFileSync(source, join(root, place));
      chmodSync(join(root, place), mode);
    }
  });
  return { kernel: kernel.image, initrd, release: kernel.release };
}

/** Path of the guest agent alone, a static program that runs in any x86-64 Linux. */
export function guestAgent(): string {
  return cachedProgram("livestack-agent", AGENT);
}

/** With a link for each of its commands, where Debian has them. */
function addBusybox(busybox: string, root: string): void {
  const program = join(root, "bin/busybox");
  mkdirSync(dirname(program));
  copyFileSync(busybox, program);
  chmodSync(program, 0o755);
  for (const name of runSync(busybox, ["--list-full"]).toString().trim().split("\n")) {
    if (name === "bin/busybox") continue;
    const link = join(root, name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync("/bin/busybox", link);
  }
}
