// SPDX-License-Identifier: Apache-2.0
// Short ways for tests to check a scenario that is no file.
import { LivestackError } from "../livestack-error.js";
import { parseScenario, ScenarioError } from "./read-scenario.js";
import type { Scenario } from "./scenario.js";

export function scenarioOf(text: string | Uint8Array, folder = "/nonexistent"): Scenario {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  return parseScenario(bytes, "x.yaml", folder);
}

/** The errors of a text; it is an error of the test if it has none, or fails in another way. */
export function errorsOf(text: string | Uint8Array, folder?: string): ScenarioError[] {
  try {
    scenarioOf(text, folder);
  } catch (thrown) {
    const error = LivestackError.from(thrown);
    if (error.code !== "INVALID_SCENARIO") throw thrown;
    return error.parts.filter((part) => part instanceof ScenarioError);
  }
  return [];
}

/** "3:5 UNKNOWN_KEY", for each error. */
export function placesOf(text: string | Uint8Array, folder?: string): string[] {
  return errorsOf(text, folder).map(({ line, column, code }) => `${line}:${column} ${code}`);
}

/** A right file of one component, into which tests put what they are about. */
export const ONE = "name: one\ncomponents:\n  web: {image: builtin:tiny, run: [sleep 1]}\n";
