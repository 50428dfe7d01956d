// SPDX-License-Identifier: Apache-2.0
// A disk that firmware boots: builtin:tiny with a boot loader before it.
import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, openSync, writeFileSync } from "node:fs";
import { guestCommandLine } from "@livestack/controller";
import { tinyGuest } from "@livestack/image";

const SIZE_BYTES = 64 << 20;

/** Makes the image `path`: one FAT file system with syslinux, from which the kernel is read. */
export function makeBootDisk(path: string): void {
  const { kernel, initrd } = tinyGuest();
  const file = openSync(path, "wx");
  ftruncateSync(file, SIZE_BYTES);
  closeSync(file);
  execFileSync("mformat", [
    "-i",
    path,
    "-h",
    "64",
    "-s",
    "32",
    "-T",
    String(SIZE_BYTES / 512),
    "::",
  ]);
  execFileSync("syslinux", ["--install", path]);
  const menu = `${path}.cfg`;
  writeFileSync(
    menu,
    `default tiny\nprompt 0\nlabel tiny\n  kernel vmlinuz\n  initrd initrd\n  append ${guestCommandLine()}\n`,
  );
  for (const [from, to] of [
    [menu, "syslinux.cfg"],
    [kernel, "vmlinuz"],
    [initrd, "initrd"],
  ] as const)
    execFileSync("mcopy", ["-i", path, from, `::${to}`]);
}
