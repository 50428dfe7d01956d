// SPDX-License-Identifier: Apache-2.0
import type { CapturePlan } from "../capture/capture-link.js";
import { interfaceName } from "../scenario/endpoint.js";
import type { Scenario, ScenarioLink } from "../scenario/scenario.js";
import type { RunFolder } from "./run-folder.js";

/** How a captured link is written. */
export function capturePlanOf(
  { name, ends }: Pick<ScenarioLink, "name" | "ends">,
  { components, session }: Scenario,
  folder: RunFolder,
): CapturePlan {
  const [a, b] = ends.map(({ component, network }) => {
    const own = components[component]?.name ?? `component ${component}`;
    return network ? `${own}:${interfaceName(network.port)}` : own;
  }) as [string, string];
  return {
    ...{ file: folder.capture(name), a, b, epochNs: session.epochNs },
    // Between models a message is what they make of it.
    ethernet: ends.some(({ network }) => network !== undefined),
  };
}
