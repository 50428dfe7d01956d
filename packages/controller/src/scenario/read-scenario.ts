// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { codeOf } from "../code-of.js";
import type { Context } from "../context.js";
import { LivestackError } from "../livestack-error.js";
import { printable } from "../printable.js";
import type { ImagePlace } from "./check-files.js";
import { checkScenario } from "./check-scenario.js";
import type { Problem } from "./problem.js";
import { resolveScenario, type Scenario } from "./scenario.js";

/** One of the errors of a file. */
export class ScenarioError extends LivestackError {
  readonly line: number;
  readonly column: number;

  constructor(file: string, { line, col }: { line: number; col: number }, problem: Problem) {
    const { code, message, hint } = problem;
    super(code, printable(message), { place: `${file}:${line}:${col}`, hint: printable(hint) });
    this.line = line;
    this.column = col;
  }
}

/**
 * @param file path of the scenario, or "-" for standard input, whose paths are relative to here
 * @throws LivestackError NO_SUCH_FILE, SYSTEM when it cannot be read, INVALID_SCENARIO with all its errors as parts
 */
export async function readScenario(
  file: string,
  { readStdin }: Pick<Context, "readStdin">,
  images: ImagePlace = "here",
): Promise<Scenario> {
  if (file === "-") return parseScenario(await readStdin(), "<stdin>", process.cwd(), images);
  return parseScenario(await contentOf(file), file, resolve(dirname(file)), images);
}

async function contentOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (thrown) {
    if (codeOf(thrown) !== "ENOENT") throw thrown;
    throw new LivestackError("NO_SUCH_FILE", "there is no such file", {
      place: file,
      hint: "`livestack init` writes an example to start from",
    });
  }
}

/**
 * @param bytes of the file @param file what messages call it
 * @param folder absolute; what paths in it are relative to
 * @throws LivestackError INVALID_SCENARIO, whose parts are ScenarioErrors in the order of the file
 */
export function parseScenario(
  bytes: Uint8Array,
  file: string,
  folder: string,
  images: ImagePlace = "here",
): Scenario {
  const { written, problems, lineOf } = checkScenario(bytes, folder, images);
  if (written !== undefined) return resolveScenario(written, folder);
  const errors = problems.length === 1 ? "an error" : `${problems.length} errors`;
  throw new LivestackError("INVALID_SCENARIO", `${file} has ${errors}`, {
    hint: "docs/scenario.md has all that a scenario may say",
    parts: problems.map((problem) => new ScenarioError(file, lineOf(problem.at), problem)),
  });
}
