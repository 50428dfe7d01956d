// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { codeOf } from "../code-of.js";
import type { Context } from "../context.js";
import { LivestackError } from "../livestack-error.js";

const EXAMPLE = new URL("../../examples/scenario.yaml", import.meta.url);

export function addInit(program: Command, context: Context): void {
  program
    .command("init [file]")
    .description("writes an example of a scenario file, scenario.yaml unless said")
    .action(async (file = "scenario.yaml") => {
      await writeNew(file, await readFile(EXAMPLE, "utf8"));
      context.stdout.write(`wrote ${file}; next: livestack validate ${file}\n`);
    });
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (thrown) {
    if (codeOf(thrown) !== "EEXIST") throw thrown;
    throw new LivestackError("FILE_EXISTS", "there is something of this name already", {
      place: file,
      hint: "say another name, as in `livestack init my-cluster.yaml`",
    });
  }
}
