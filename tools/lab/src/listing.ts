// SPDX-License-Identifier: Apache-2.0
import { ExitStatus, LabError } from "./errors.js";
import { type LabState, listLabs } from "./state.js";

const HEADINGS = [
  "HOST",
  "STATE",
  "ADDRESS",
  "KERNEL",
  "CPUS",
  "MEMORY",
  "ROOT",
  "RUNS ON",
  "BOOT",
];

function rowsOf({ spec, hosts }: LabState): string[][] {
  return hosts.map((host) => [
    host.name,
    host.phase,
    host.address,
    spec.kernel.release,
    String(spec.cpus),
    `${spec.memoryBytes / (1 << 20)}M`,
    spec.root,
    spec.exact ? "tcg, exact" : spec.accelerator,
    host.bootMs === undefined ? "-" : `${(host.bootMs / 1000).toFixed(1)} s`,
  ]);
}

/** One object a host, for scripts. */
function jsonOf({ spec, hosts }: LabState): object[] {
  return hosts.map((host) => ({
    ...host,
    lab: spec.name,
    kernel: spec.kernel.release,
    cpus: spec.cpus,
    memory_bytes: spec.memoryBytes,
    root: spec.root,
    accelerator: spec.accelerator,
    exact: spec.exact,
  }));
}

export function printLabs(labs: LabState[] = listLabs(), format = "table"): void {
  if (format === "json") {
    process.stdout.write(`${JSON.stringify(labs.flatMap(jsonOf), null, 2)}\n`);
    return;
  }
  if (format !== "table")
    throw new LabError(ExitStatus.USAGE, `--output ${format}: not a format`, "take table or json");
  const rows = [HEADINGS, ...labs.flatMap(rowsOf)];
  const widths = HEADINGS.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd()}\n`,
    );
}
