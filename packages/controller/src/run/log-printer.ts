// SPDX-License-Identifier: Apache-2.0
import type { Context } from "../context.js";
import { FileFollower } from "./follow-file.js";
import { RunFolder } from "./run-folder.js";

interface Source {
  prefix: string;
  file: FileFollower;
  rest: string;
}

/** Prints logs line by line, each with whose it is. */
export class LogPrinter {
  readonly #stdout: Context["stdout"];
  readonly #sources: Source[];

  constructor(folder: string, names: readonly string[], { stdout }: Pick<Context, "stdout">) {
    this.#stdout = stdout;
    const run = new RunFolder(folder);
    const width = Math.max(0, ...names.map((name) => name.length));
    this.#sources = names.flatMap((name) => {
      const of = (what: string, path: string): Source => ({
        prefix: `${name.padEnd(width)} ${what.padEnd(7)} | `,
        file: new FileFollower(path),
        rest: "",
      });
      return [
        of("console", run.consoleLog(name)),
        of("vmm", run.processLog(name, "live")),
        of("model", run.processLog(name, "model")),
      ];
    });
  }

  /** What has been added since the last time; the beginning of a line waits for its end. */
  print(): void {
    for (const source of this.#sources)
      for (const piece of source.file.next()) {
        const lines = (source.rest + piece.toString("utf8")).split("\n");
        source.rest = lines.pop() ?? "";
        for (const line of lines) this.#line(source, line);
      }
  }

  end(): void {
    for (const source of this.#sources) if (source.rest !== "") this.#line(source, source.rest);
  }

  #line({ prefix }: Source, line: string): void {
    this.#stdout.write(`${prefix}${line.replace(/\r/g, "")}\n`);
  }
}
