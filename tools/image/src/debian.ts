// SPDX-License-Identifier: Apache-2.0
// `builtin:debian`: a Debian root with a list of packages, on a disk, for unmodified stacks.
import { chmodSync, copyFileSync, cpSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type BuildOptions, buildImage } from "./build.js";
import { busyboxProgram, cacheDir, type DebianKernel } from "./cache.js";
import { guestKernel } from "./guest-kernel.js";
import { GUEST_RECIPE } from "./guest-recipe.js";
import { addModules, cachedInitramfs, guestSources } from "./initramfs.js";
import { type ImageKind, type ImageSpec, resolveSpec } from "./spec.js";
import { guestAgent } from "./tiny.js";

/** Drivers between the kernel and its root; all others are on the disk, and udev loads them. */
const MODULES = ["virtio_pci", "virtio_blk", "ext4"];

const INIT = "debian-init";
const FOLDERS = ["bin", "dev", "mnt", "proc", "run", "sys"];

export interface DebianGuestSpec extends Partial<ImageSpec> {
  /** one of the kernels that setup brought; default "6.12" */
  series?: string | undefined;
}

export interface DebianGuest {
  /** for QEMU's -kernel */
  kernel: string;
  /** for QEMU's -initrd */
  initrd: string;
  /** what `uname -r` says in it */
  release: string;
  /**
   * The root, a raw image that many guests share: never to be written, so each gets an overlay or
   * snapshot=on. It is the guest's first virtio disk.
   */
  disk: string;
  /** words the kernel's command line needs beside those of every guest */
  append: string[];
  /** Every package in it and its exact version. */
  packages: Record<string, string>;
}

/**
 * The guest `builtin:debian`, from the cache, where it is found without network or root. The first
 * time for a list of packages it is made, which takes minutes and the network; `log` says so.
 * @throws ImageError unknown-package and bad-package-name, which name the package; usage for another
 * kernel; not-set-up; no-network; or what failed
 */
export async function debianGuest(
  { packages = [], series, size }: DebianGuestSpec = {},
  { log = () => {}, signal }: Partial<Pick<BuildOptions, "log" | "signal">> = {},
): Promise<DebianGuest> {
  const spec = { packages: [...packages], ...(size === undefined ? {} : { size }) };
  resolveSpec(spec, { recipe: GUEST_RECIPE }); // before the agent is compiled for nothing
  const kernel = guestKernel(series);
  const options = { cacheDir: cacheDir(), log, ...(signal ? { signal } : {}) };
  const image = await buildImage(spec, options, guestImage(kernel));
  return {
    kernel: kernel.image,
    initrd: initramfs(kernel),
    release: kernel.release,
    disk: image.path,
    append: ["root=/dev/vda"],
    packages: image.packages,
  };
}

function guestImage(kernel: DebianKernel): ImageKind {
  const agent = guestAgent();
  return {
    name: "guest",
    recipe: GUEST_RECIPE,
    overlay: {
      inputs: [basename(agent), kernel.release, kernel.version],
      fill: (root) => {
        const program = join(root, "usr/sbin/livestack-agent");
        mkdirSync(dirname(program), { recursive: true });
        copyFileSync(agent, program);
        chmodSync(program, 0o755);
        copyModules(kernel, root);
      },
    },
  };
}

/** All of them, packed as they are, with the indexes that modprobe reads. */
function copyModules(kernel: DebianKernel, root: string): void {
  const folder = join(root, "usr/lib/modules", kernel.release);
  // Links to the headers, which are not there.
  const links = new Set(["build", "source"].map((name) => join(kernel.modules, name)));
  cpSync(kernel.modules, folder, { recursive: true, filter: (from) => !links.has(from) });
}

function initramfs(kernel: DebianKernel): string {
  const busybox = busyboxProgram();
  const inputs = [kernel.release, kernel.version, busybox, ...MODULES, ...FOLDERS];
  const key = { kind: "debian", inputs, sources: guestSources(INIT) };
  return cachedInitramfs(key, (root) => {
    for (const name of FOLDERS) mkdirSync(join(root, name));
    copyFileSync(busybox, join(root, "bin/busybox"));
    chmodSync(join(root, "bin/busybox"), 0o755);
    addModules(kernel, MODULES, root);
    for (const source of guestSources(INIT)) copyFileSync(source, join(root, "init"));
    chmodSync(join(root, "init"), 0o755);
  });
}
