// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../code-of.js";
import { type AskModule, type ModuleVersion, moduleVersion } from "../kernel-module.js";
import { CannotTell } from "./check.js";

export interface MachineParts {
  /** what stands for "/": everything the checks read of the system lies below it */
  root: string;
  /** the checkout this program runs from, where a module may have been built */
  checkout: string;
  askModule: AskModule;
  /** version of Node, "20.19.1" */
  node: string;
  /** the QEMU that --deep starts */
  qemu: string;
}

/** A machine as the checks see it: files below one root. Only an absent file is no error. */
export class Machine {
  constructor(readonly parts: MachineParts) {}

  path(path: string): string {
    return join(this.parts.root, path);
  }

  /** The file's text without blanks around it; undefined if there is none. */
  read(path: string): string | undefined {
    return this.readBytes(path)?.toString("utf8").trim();
  }

  readBytes(path: string): Buffer | undefined {
    return unlessAbsent(() => readFileSync(this.path(path)));
  }

  /** @throws CannotTell if there is no such file */
  need(path: string): string {
    const text = this.read(path);
    if (text !== undefined) return text;
    throw new CannotTell(
      `there is no ${this.path(path)}`,
      `see that it is mounted and shown here: \`ls -l ${this.path(path)}\`.`,
    );
  }

  /** The names in a folder, sorted; none if there is no such folder. */
  list(path: string): string[] {
    return unlessAbsent(() => readdirSync(this.path(path)).sort()) ?? [];
  }

  exists(path: string): boolean {
    return unlessAbsent(() => statSync(this.path(path))) !== undefined;
  }

  isCharacterDevice(path: string): boolean {
    return statSync(this.path(path)).isCharacterDevice();
  }

  /** Opens for reading and writing, and closes. @throws the operating system's refusal */
  tryOpen(path: string): void {
    closeSync(openSync(this.path(path), constants.O_RDWR));
  }

  /** As `uname -r` says it. */
  release(): string {
    return this.need("proc/sys/kernel/osrelease");
  }

  /** Of the first processor, as /proc/cpuinfo names them. */
  cpuFlags(): Set<string> {
    const line = /^flags\s*:(.*)$/m.exec(this.need("proc/cpuinfo"))?.[1];
    if (line !== undefined) return new Set(line.trim().split(/\s+/));
    throw new CannotTell(
      "/proc/cpuinfo names no CPU flags",
      "see it with `head -30 /proc/cpuinfo`.",
    );
  }

  /** The words of the kernel's command line. */
  bootParameters(): string[] {
    return (this.read("proc/cmdline") ?? "").split(/\s+/);
  }

  moduleVersion(): Promise<ModuleVersion | null> {
    return moduleVersion(this.parts.askModule, this.path("sys"));
  }

  /** Some version of livestack.ko is in this kernel. */
  moduleIsLoaded(): boolean {
    return this.exists("sys/module/livestack");
  }
}

function unlessAbsent<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
