// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { runSync } from "@livestack/image";

const LIBRARIES = "/usr/lib/x86_64-linux-gnu";
const LOADER = "ld-linux-x86-64.so.2";
/** in the guest; files make no folders */
const HOME = "/root";

/**
 * A program of a `builtin:debian` image for `builtin:tiny`, which boots in a tenth of the time: with all
 * its libraries, and under its own name in PATH.
 * @param disk the image
 * @param path of the program in it
 * @param place an existing folder for the files, which may not be gone before the guest is up
 * @returns the `files` of a component, as a scenario has them
 * @throws Error if it is not there, or its libraries are not
 */
export function debianProgram(disk: string, path: string, place: string): string {
  const all = mkdtempSync(join(place, "all-"));
  const folder = join(all, basename(LIBRARIES));
  const program = join(all, basename(path));
  runSync("debugfs", ["-R", `rdump ${LIBRARIES} ${all}`, disk]);
  runSync("debugfs", ["-R", `dump -p ${path} ${program}`, disk]);
  const list = ["--library-path", folder, "--list", program];
  const needed = runSync(join(folder, LOADER), list)
    .toString()
    .matchAll(/ => (\S+)/g);

  const files = [program, ...new Set([...needed].map(([, library = ""]) => library))].map((from) =>
    kept(from, place, `${HOME}/${basename(from)}`),
  );
  rmSync(all, { recursive: true });
  const starter = join(place, `${basename(path)}.sh`);
  const call = `${HOME}/${LOADER} --library-path ${HOME} ${HOME}/${basename(path)}`;
  writeFileSync(starter, `#!/bin/sh\nexec ${call} "$@"\n`, { mode: 0o755 });
  files.push({ from: starter, to: `/usr/local/bin/${basename(path)}` });
  return JSON.stringify(files);
}

function kept(from: string, place: string, to: string) {
  const copy = join(place, basename(from));
  copyFileSync(from, copy);
  return { from: copy, to };
}
