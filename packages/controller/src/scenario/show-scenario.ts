// SPDX-License-Identifier: Apache-2.0
// What `livestack validate` prints of a scenario.
import type { LivestackError } from "../livestack-error.js";
import { jsonOf, timeText } from "../session/show.js";
import { quantityText, SIZE } from "./quantity.js";
import { ScenarioError } from "./read-scenario.js";
import type { Scenario, ScenarioSession } from "./scenario.js";

const SCHEMA = "livestack.validation/1";

export function validText(file: string, { name, session, components, links }: Scenario): string {
  const rows = [
    ["components", componentsText(components)],
    ["links", String(links.length)],
    ["mode", session.exact ? `${session.mode}, exact` : session.mode],
    ["quantum", quantumText(session)],
    ["lookahead", lookaheadText(session)],
    ["ends", endText(session)],
  ] as const;
  const lines = rows.map(([title, text]) => `${title.padEnd("components  ".length)}${text}\n`);
  return `${file} is valid: ${name}\n${lines.join("")}`;
}

function componentsText(components: Scenario["components"]): string {
  const live = components.filter((each) => each.kind === "live");
  const cpus = live.reduce((sum, { vcpus }) => sum + vcpus, 0);
  const bytes = live.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0n);
  const parts = [
    ...(live.length > 0
      ? [`${live.length} live (vCPUs: ${cpus}, memory: ${quantityText(bytes, SIZE)})`]
      : []),
    ...(live.length < components.length ? [`${components.length - live.length} modelled`] : []),
  ];
  return parts.join(", ");
}

function quantumText({ quantumNs, autoLimitNs, mode }: ScenarioSession): string {
  if (mode === "free") return "none, nothing is gated";
  if (quantumNs !== "auto") return timeText(quantumNs);
  return `auto, at most ${timeText(autoLimitNs)}`;
}

function lookaheadText({ lookahead }: ScenarioSession): string {
  return lookahead === undefined
    ? "without limit"
    : `${timeText(lookahead.ns)}, of link ${lookahead.link}`;
}

function endText({ end, durationNs }: ScenarioSession): string {
  if (durationNs === undefined) return "with the last command";
  const at = `at ${timeText(durationNs)}`;
  return end === "duration" ? at : `with the last command, ${at} at the latest`;
}

/** @returns what `-o json` prints of a scenario without errors */
export function validJson(file: string, scenario: Scenario): object {
  return { schema: SCHEMA, file, valid: true, errors: [], scenario: jsonOf(scenario) };
}

/** @param parts errors of the file */
export function invalidJson(file: string, { parts }: LivestackError): object {
  const errors = parts
    .filter((part) => part instanceof ScenarioError)
    .map(({ code, line, column, message, hint }) => ({ code, line, column, message, hint }));
  return { schema: SCHEMA, file, valid: false, errors };
}
