// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { messageOf } from "./errors.js";
import { hostFiles } from "./machine.js";
import { labDir } from "./paths.js";
import { qmp } from "./qmp.js";
import { findHost } from "./state.js";

/** Calls `give` once, when for `seconds` nobody called `refresh`. */
export function watchSilence(seconds: number, give: () => void) {
  const timer = setTimeout(() => {
    watch.over = true;
    give();
  }, seconds * 1000);
  const watch = {
    over: false,
    refresh: () => void timer.refresh(),
    stop: () => clearTimeout(timer),
  };
  return watch;
}

/** Why a host is silent, as far as it can be seen from outside: where its processors are, its console. */
export async function describeSilence(host: string, seconds: number): Promise<string> {
  const said = `host ${host} said nothing for ${seconds} s and was given up`;
  const found = findHost(host);
  if (!found) return said;
  const files = hostFiles(labDir(found.lab.spec.name), found.host.index);
  const registers = await qmp(files.qmp, "human-monitor-command", {
    "command-line": "info registers -a",
  }).catch(messageOf);
  const where = String(registers)
    .split("\n")
    .filter((line) => /^CPU#|^RIP=/.test(line));
  const lines = readFileSync(files.console, "utf8").trimEnd().split(/\r?\n/).slice(-60);
  return [`${said}; its processors:`, ...where, "its last console lines:", ...lines].join("\n");
}
