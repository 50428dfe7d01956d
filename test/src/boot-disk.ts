// SPDX-License-Identifier: Apache-2.0
// A disk that firmware boots: builtin:tiny with a boot loader before it.
import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, openSync, writeFileSync } from "node:fs";
import { guestCommandLine } from "@livestack/controller";
import { tinyGuest } from "@livestack/image";

const SIZE_BYTES = 64 << 20;

/**
 * Makes the image `path`: one FAT file system with syslinux, from which the kernel is read.
 * @param tscKhz what its kernel is told of the TSC
 */
export function makeBootDisk(path: string, tscKhz?: number): void {
  const { kernel, initrd } = tinyGuest();
  const file = openSync(path, "wx");
  ftruncateSync(file, SIZE_BYTES);
  closeSync(file);
  const geometry = `-h 64 -s 32 -T ${SIZE_BYTES / 512}`;
  execFileSync("mformat", ["-i", path, ...geometry.split(" "), "::"]);
  execFileSync("syslinux", ["--install", path]);
  const line = guestCommandLine(tscKhz === undefined ? {} : { tscKhz });
  const menu = `${path}.cfg`;
  writeFileSync(
    menu,
    `default tiny\nprompt 0\nlabel tiny\n  kernel vmlinuz\n  initrd initrd\n  append ${line}\n`,
  );
  for (const [from, to] of [
    [menu, "syslinux.cfg"],
    [kernel, "vmlinuz"],
    [initrd, "initrd"],
  ] as const)
    execFileSync("mcopy", ["-i", path, from, `::${to}`]);
}
