// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { truncateSync } from "node:fs";
import { stat } from "node:fs/promises";
import { codeOf } from "../code-of.js";
import { LivestackError } from "../livestack-error.js";

const SECTOR = 512;

/**
 * A copy of a raw image that may be written to, in whole sectors. It takes no room where the file system
 * can share blocks, and none for holes.
 * @throws LivestackError SYSTEM
 */
export async function copyImage(from: string, to: string): Promise<void> {
  await new Promise<void>((done, failed) => {
    const args = ["--reflink=auto", "--sparse=always", "--no-preserve=mode", "--", from, to];
    execFile("cp", args, (cause, _, stderr) => {
      if (cause === null) return done();
      const why = codeOf(cause) === "ENOENT" ? "there is no program cp" : stderr.trim();
      failed(
        new LivestackError("SYSTEM", `the image of a modelled disk is not copied: ${why}`, {
          place: from,
          cause,
          hint: "its copy needs as much room in the run's folder as it holds: --out DIR says another place",
        }),
      );
    });
  });
  const { size } = await stat(to);
  truncateSync(to, Math.ceil(size / SECTOR) * SECTOR);
}
