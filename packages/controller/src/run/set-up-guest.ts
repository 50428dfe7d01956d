// SPDX-License-Identifier: Apache-2.0
// What happens in a guest between its boot and simulated time 0, ungated.
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionAgent } from "../agent/session-agent.js";
import { LivestackError } from "../livestack-error.js";
import type { LiveComponent, Scenario } from "../scenario/scenario.js";
import { putFiles } from "./guest-files.js";
import { setUpNetwork } from "./guest-network.js";

const READY_POLL_MS = 200;
const READY_LIMIT_MS = 600_000;
const CLOCK_POLL_MS = 200;
const CLOCK_LIMIT_MS = 60_000;
const CLOCK = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

/**
 * Files, network interfaces, setup commands, readiness.
 * @returns warnings
 * @throws LivestackError SETUP_FAILED, GUEST_REFUSED, COMPONENT_LOST
 */
export async function setUpGuest(
  agent: SessionAgent,
  guest: LiveComponent,
  scenario: Scenario,
): Promise<string[]> {
  await putFiles(agent, guest);
  await setUpNetwork(agent, guest, scenario);
  for (const [index, run] of guest.setup.entries()) {
    const { exit, signal, stderr } = await agent.ask("guest-exec", { component: guest.id, run });
    if (exit === 0) continue;
    const how =
      signal === undefined ? `ended with status ${exit}` : `was killed by signal ${signal}`;
    const words = stderr.toString().trim().split("\n").at(-1) ?? "";
    throw new LivestackError("SETUP_FAILED", `${run}: ${how}${words && `: ${words}`}`, {
      place: `${guest.name}: setup[${index}]`,
      hint: "mend the command, or end it with `|| true` if it may fail",
    });
  }
  await waitUntilReady(agent, guest);
  return waitForClock(agent, guest);
}

async function waitUntilReady(agent: SessionAgent, { id, name, ready }: LiveComponent) {
  if (ready === undefined) return;
  const limit = performance.now() + READY_LIMIT_MS;
  for (;;) {
    const { exit, stderr } = await agent.ask("guest-exec", { component: id, run: ready });
    if (exit === 0) return;
    if (performance.now() > limit)
      throw new LivestackError("SETUP_FAILED", `${ready}: still ${exit}: ${stderr}`, {
        place: `${name}: ready`,
        hint: `it is given ${READY_LIMIT_MS / 60_000} minutes`,
      });
    await sleep(READY_POLL_MS);
  }
}

/** While a guest refines its TSC's frequency it compares with clocks that run on host time. */
async function waitForClock(agent: SessionAgent, { id, name }: LiveComponent): Promise<string[]> {
  const limit = performance.now() + CLOCK_LIMIT_MS;
  for (;;) {
    const { stdout } = await agent.ask("guest-exec", { component: id, run: ["cat", CLOCK] });
    const clock = stdout.toString().trim();
    if (clock === "tsc") return [];
    if (clock !== "tsc-early" || performance.now() > limit)
      return [`${name} keeps time by ${clock || "an unknown clock"}, which the gate does not stop`];
    await sleep(CLOCK_POLL_MS);
  }
}
