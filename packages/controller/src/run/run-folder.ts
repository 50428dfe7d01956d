// SPDX-License-Identifier: Apache-2.0
// The folder of one run: what was asked, what came out. docs/run.md has its content.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { codeOf } from "../code-of.js";
import { writeAtomically } from "../host/write-atomically.js";
import { LivestackError } from "../livestack-error.js";
import { jsonText } from "../output-format.js";
import type { Scenario } from "../scenario/scenario.js";
import { jsonOf } from "../session/show.js";
import { RESULT_FILE } from "./result-schema.js";

const MOST_OF_ONE_SECOND = 1000;

export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * A new folder NAME-YYYYMMDD-HHMMSS (local time) below `parent`, never one that is there.
   * @throws LivestackError SYSTEM
   */
  static create(parent: string, { name }: Scenario, now = new Date()): RunFolder {
    mkdirSync(parent, { recursive: true });
    const stem = `${name}-${stamp(now)}`;
    for (let count = 1; count <= MOST_OF_ONE_SECOND; count++) {
      const path = join(parent, count === 1 ? stem : `${stem}-${count}`);
      try {
        mkdirSync(path);
        return new RunFolder(path);
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
    }
    throw new LivestackError("FILE_EXISTS", "there are too many runs of this second", {
      place: join(parent, stem),
      hint: "say another place: --out DIR",
    });
  }

  get result(): string {
    return join(this.path, RESULT_FILE);
  }

  /** As people are shown it. */
  get shown(): string {
    const path = relative(process.cwd(), this.path);
    return path.startsWith("..") ? this.path : path;
  }

  /** Of one component; made with it. */
  component(name: string): string {
    return join(this.path, "components", name);
  }

  consoleLog(name: string): string {
    return join(this.component(name), "console.log");
  }

  /** What its VMM or model says. */
  processLog(name: string, kind: "live" | "model"): string {
    return join(this.component(name), kind === "live" ? "vmm.log" : "model.log");
  }

  overlay(name: string): string {
    return join(this.component(name), "root.qcow2");
  }

  /** Of a guest whose disks are modelled: a copy of its image. */
  rootCopy(name: string): string {
    return join(this.component(name), "root.raw");
  }

  disk(name: string, index: number): string {
    return join(this.component(name), `disk${index}.raw`);
  }

  /** What a captured link has handed over; made with it. */
  capture(link: string): string {
    return join(this.path, "links", `${link}.pcapng`);
  }

  /** Where a path of the guest goes. */
  collected(name: string, guestPath: string): string {
    return join(this.component(name), "collected", join("/", guestPath));
  }

  writeStart(scenario: Scenario, versions: object): void {
    writeFileSync(join(this.path, "scenario.json"), jsonText(jsonOf(scenario)));
    writeFileSync(join(this.path, "versions.json"), jsonText(versions));
    for (const { name } of scenario.components)
      mkdirSync(this.component(name), { recursive: true });
  }

  writeOutput(name: string, index: number, stdout: Buffer, stderr: Buffer): void {
    const stem = join(this.component(name), "commands", String(index));
    mkdirSync(dirname(stem), { recursive: true });
    writeFileSync(`${stem}.stdout`, stdout);
    writeFileSync(`${stem}.stderr`, stderr);
  }

  writeResult(result: object): void {
    writeAtomically(this.result, jsonText(result), 0o644);
  }

  removeDisks(paths: readonly string[]): void {
    for (const path of paths) rmSync(path, { force: true });
  }
}

function stamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
