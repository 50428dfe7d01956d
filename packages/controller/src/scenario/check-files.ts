// SPDX-License-Identifier: Apache-2.0
// The files that a scenario names: of this machine, or images of the machines that its guests run on.
import { type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import { codeOf } from "../code-of.js";
import type { Path, Report } from "./problem.js";
import { entriesOf, listOf, memberOf } from "./values.js";

/** Where the images of guests are: another machine's cannot be looked for here. */
export type ImagePlace = "here" | "elsewhere";

/** @param folder absolute; what relative paths are relative to */
export function checkFiles(
  file: unknown,
  folder: string,
  images: ImagePlace,
  report: Report,
): void {
  for (const [name, component] of entriesOf(memberOf(file, "components"))) {
    const image = memberOf(component, "image");
    for (const key of images === "here" ? ["kernel", "initrd", "disk"] : [])
      checkFile(memberOf(image, key), ["components", name, "image", key], folder, report);
    for (const [index, copy] of listOf(memberOf(component, "files")).entries())
      checkFile(
        memberOf(copy, "from"),
        ["components", name, "files", index, "from"],
        folder,
        report,
      );
  }
}

function checkFile(written: unknown, path: Path, folder: string, report: Report): void {
  // What is no path at all has been reported by the schema.
  if (typeof written !== "string" || written === "" || written.includes("\0")) return;
  const place = resolve(folder, written);
  const trouble = troubleWith(place, path.at(-1) === "disk");
  if (trouble !== undefined)
    report(path, {
      code: "NO_SUCH_FILE",
      message: `${trouble}: ${place}`,
      hint: "paths are relative to the scenario file's folder",
    });
}

function troubleWith(place: string, isDisk: boolean): string | undefined {
  let stats: Stats | undefined;
  try {
    stats = statSync(place, { throwIfNoEntry: false });
  } catch (thrown) {
    const code = codeOf(thrown);
    return code === undefined ? "no way to it" : `no way to it (${code})`;
  }
  if (stats === undefined) return "there is no such file";
  return stats.isFile() || (isDisk && stats.isBlockDevice())
    ? undefined
    : "this is no regular file";
}
