// SPDX-License-Identifier: Apache-2.0
import type { ModuleName } from "../host/load-modules.js";
import type { Scenario } from "../scenario/scenario.js";

export function modulesFor({ components, links }: Scenario): ModuleName[] {
  const isLive = components.some(({ kind }) => kind === "live");
  const isWired =
    links.some(({ ends }) => ends.some(({ network }) => network)) ||
    components.some((each) => each.kind === "live" && each.disk !== undefined);
  return [
    "livestack",
    ...(isLive ? (["livestack_vcpu"] as const) : []),
    ...(isWired ? (["livestack_ipc"] as const) : []),
  ];
}
