// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { basename, join } from "node:path";

/** Compiles one C file, statically, into `place`; returns the program's path. */
export function compileGuest(source: string, place: string): string {
  const program = join(place, basename(source, ".c"));
  const args = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-static"];
  const { status, stderr } = spawnSync("gcc", [...args, "-pthread", "-o", program, source]);
  if (status !== 0) throw new Error(`${source}: ${stderr}`);
  return program;
}
