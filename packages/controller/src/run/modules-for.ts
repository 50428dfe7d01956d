// SPDX-License-Identifier: Apache-2.0
import type { ModuleName } from "../host/load-modules.js";
import type { Scenario } from "../scenario/scenario.js";

/** @param isShared by several hosts */
export function modulesFor({ components, links }: Scenario, isShared = false): ModuleName[] {
  const isLive = components.some(({ kind }) => kind === "live");
  const isWired =
    links.some(({ ends }) => ends.some(({ network }) => network)) ||
    components.some((each) => each.kind === "live" && each.disk !== undefined);
  return [
    "livestack",
    ...(isLive ? (["livestack_vcpu"] as const) : []),
    ...(isWired ? (["livestack_ipc"] as const) : []),
    ...(isShared ? (["livestack_sync"] as const) : []),
  ];
}
