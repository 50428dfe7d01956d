// SPDX-License-Identifier: Apache-2.0
// What takes away from a run's figures, a sentence each.
import type { Answer, Statistics } from "../agent/protocol.js";
import type { Scenario } from "../scenario/scenario.js";

/** What the kernel's counts tell. */
export function warningsFrom(
  { session, components, execs }: Statistics,
  { components: known }: Scenario,
): string[] {
  const nameOf = (id: number) => known.find((each) => each.id === id)?.name ?? `component ${id}`;
  const busy = components.flatMap(({ id, vmmBusy = 0n }) =>
    vmmBusy > 0n
      ? [
          `${nameOf(id)}: its VMM was not quiet in time (vmm_busy) ${times(vmmBusy)}: idle time may count its work`,
        ]
      : [],
  );
  const outside = execs.map(
    ({ component, count }) =>
      `${nameOf(component)}: ${times(BigInt(count))} a command was run in it from outside, which is no modelled input`,
  );
  const late = session.late ?? 0n;
  return [
    ...(session.released ? ["gating was given up while it ran: from then on VMs ran free"] : []),
    ...(late > 0n ? [`${late} messages came after their arrival time had passed`] : []),
    ...busy,
    ...outside,
  ];
}

/** What is missing in the files of captured links. */
export function captureWarnings(
  captures: Answer<"captures-end">["captures"],
  { links }: Scenario,
): string[] {
  const nameOf = (id: number) => links.find((each) => each.id === id)?.name ?? `link ${id}`;
  return captures.flatMap(({ link, lost, failure }) => [
    ...(lost > 0n ? [`${nameOf(link)}: its capture lacks ${lost} messages, for want of time`] : []),
    ...(failure === undefined ? [] : [`${nameOf(link)}: its capture broke off: ${failure}`]),
  ]);
}

function times(count: bigint): string {
  return count === 1n ? "once" : `${count} times`;
}
