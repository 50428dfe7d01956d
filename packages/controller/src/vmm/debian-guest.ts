// SPDX-License-Identifier: Apache-2.0
import { debianGuest as makeDebianGuest } from "@livestack/image";

/** A Debian root with some packages, to boot directly. */
export interface DebianGuest {
  kernel: string;
  initrd: string;
  /** raw image of its root, never written to: guests get overlays over it */
  disk: string;
  /** is added to the kernel's command line */
  append: string;
}

/**
 * The guest builtin:debian, made in minutes the first time that these packages are asked for.
 * @param packages names of Debian packages to have in it
 * @throws ImageError
 */
export async function debianGuest(packages: readonly string[]): Promise<DebianGuest> {
  const { kernel, initrd, disk, append } = await makeDebianGuest(
    { packages: [...packages] },
    { log: (line) => process.stderr.write(`${line}\n`) },
  );
  return { kernel, initrd, disk, append: append.join(" ") };
}
