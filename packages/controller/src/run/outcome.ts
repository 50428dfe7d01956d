// SPDX-License-Identifier: Apache-2.0
// What `livestack run` prints at its end, and what it ends with.
import { LivestackError } from "../livestack-error.js";
import { timeText } from "../session/show.js";
import { textTable } from "../text-table.js";
import type { RunOutcome } from "./finish-run.js";

const HEAD = ["COMPONENT", "COMMAND", "EXIT", "GUEST TIME"];
const SHOWN = 50;

export function outcomeText({ result, folder }: RunOutcome): string {
  const ratio = result.wall_ns > 0 ? result.simulated_ns / result.wall_ns : 0;
  const facts = [
    ["simulated", timeText(BigInt(result.simulated_ns))],
    ["wall", `${(result.wall_ns / 1e9).toFixed(3)} s, ratio ${ratio.toFixed(2)}`],
    ["windows", `${result.windows} of ${timeText(BigInt(result.quantum_ns))}`],
    ["late", `${result.late_deliveries} messages`],
    ...(result.mode === "strict" ? [] : [["mode", result.mode]]),
  ];
  const rows = result.components.flatMap(({ name, commands }) =>
    commands.map(({ run, exit, guest_ns: ns }) => [
      ...[name, run.length > SHOWN ? `${run.slice(0, SHOWN)}...` : run],
      ...[exit === null ? "-" : String(exit), ns === null ? "-" : timeText(BigInt(ns))],
    ]),
  );
  const parts = [
    ...(rows.length > 0 ? [textTable(HEAD, rows)] : []),
    facts.map(([name = "", fact]) => `${name.padEnd(9)}  ${fact}\n`).join(""),
    ...(result.warnings.length > 0
      ? [result.warnings.map((text) => `warning: ${text}\n`).join("")]
      : []),
    `result in ${folder.shown}/result.json\n`,
  ];
  return parts.join("\n");
}

/** @returns undefined for a run that came to its end, with all commands ending well */
export function outcomeError({ result, folder, ending }: RunOutcome): LivestackError | undefined {
  const place = folder.shown;
  if (ending.why === "lost")
    return new LivestackError("COMPONENT_LOST", `${ending.component}: ${ending.how}`, {
      place,
      hint: "what was measured until then is in its result.json, logs are in components/",
    });
  if (ending.why === "silent")
    return new LivestackError("HOST_LOST", `the others do not hear of host ${ending.host}`, {
      place,
      hint: "hosts of a session speak UDP with each other: see `livestack status` on each of them",
    });
  if (ending.why === "interrupted" || ending.why === "stopped")
    return new LivestackError("INTERRUPTED", "it was stopped before its end", {
      place,
      hint: "what was measured until then was kept: result.json and components/; no VM was left",
    });
  const failed = result.components.flatMap(({ name, commands }) =>
    commands.filter(({ exit }) => exit !== null && exit !== 0).map((each) => ({ name, ...each })),
  );
  const [first] = failed;
  if (!first) return undefined;
  const more = failed.length > 1 ? `, and ${failed.length - 1} more failed` : "";
  return new LivestackError(
    "COMMAND_FAILED",
    `${first.name}: ${first.run}: ended with status ${first.exit}${more}`,
    { place, hint: "components/NAME/commands/N.stderr has what a command said" },
  );
}
