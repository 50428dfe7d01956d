// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ExitStatus, LabError } from "./errors.js";
import { exec } from "./exec.js";
import type { Kernel } from "./kernels.js";
import { hostFiles } from "./machine.js";
import { moduleFile } from "./modules.js";
import { labDir } from "./paths.js";
import { qmp } from "./qmp.js";
import { findHost } from "./state.js";

const SECTIONS = [".data", ".bss", ".rodata", ".init.text"];

/**
 * Loads the module, opens QEMU's gdb server and hands over to gdb with the module's symbols at the
 * addresses they were loaded to; without a terminal it says how to start it.
 */
export async function debugWithGdb(
  hostName: string,
  kernel: Kernel,
  module: string,
): Promise<number> {
  const found = findHost(hostName);
  if (!found) throw new LabError(ExitStatus.NO_SUCH_LAB, `${hostName}: no such lab host`);
  const file = moduleFile(kernel, module);
  const name = basename(file, ".ko");
  await shell(hostName, `test -d /sys/module/${name} || insmod "$1"`, file);
  const dir = labDir(found.lab.spec.name);
  const socket = join(dir, `${found.host.index}.gdb`);
  if (!existsSync(socket))
    await qmp(hostFiles(dir, found.host.index).qmp, "human-monitor-command", {
      "command-line": `gdbserver unix:${socket},server=on,wait=off`,
    });
  const script = join(dir, `${found.host.index}.gdbinit`);
  writeFileSync(script, await gdbScript(hostName, kernel, file, name, socket));
  if (!process.stdin.isTTY) {
    process.stdout.write(`gdb -x ${script}\n`);
    return ExitStatus.OK;
  }
  const { status } = spawnSync("gdb", ["-q", "-x", script], { stdio: "inherit" });
  return status ?? ExitStatus.FAILED;
}

async function shell(host: string, text: string, ...args: string[]): Promise<string> {
  const result = await exec(host, ["sh", "-ec", text, "sh", ...args]);
  if (result.status !== 0)
    throw new LabError(
      ExitStatus.FAILED,
      `host ${host}: ${text}: ${result.stderr.toString().trim()}`,
    );
  return result.stdout.toString();
}

async function gdbScript(
  host: string,
  kernel: Kernel,
  file: string,
  name: string,
  socket: string,
): Promise<string> {
  const list = await shell(
    host,
    `cd /sys/module/${name}/sections; for s in .text ${SECTIONS.join(" ")}; do test -e $s && echo "$s $(cat $s)"; done; true`,
  );
  const places = new Map(
    list
      .trim()
      .split("\n")
      .map((line) => line.split(" ") as [string, string]),
  );
  const rest = SECTIONS.filter((section) => places.has(section)).map(
    (section) => `-s ${section} ${places.get(section)}`,
  );
  const vmlinux = join(kernel.build, "vmlinux");
  return [
    ...(existsSync(vmlinux) ? [`file ${vmlinux}`] : []),
    `target remote ${socket}`,
    `add-symbol-file ${file} ${places.get(".text")} ${rest.join(" ")}`,
    "",
  ].join("\n");
}
