// SPDX-License-Identifier: Apache-2.0
// The session in the kernel, and its guests up to their agents' first word.
import { Mode, OnLoss, OnOvershoot } from "@livestack/netlink-client";
import type { SessionAgent } from "../agent/session-agent.js";
import type { LiveComponent, Scenario } from "../scenario/scenario.js";
import type { BootSource } from "../vmm/guest-image.js";
import { capturePlanOf } from "./capture-plan.js";
import { quantumOf } from "./guard.js";
import { allOf } from "./interrupt.js";
import { namesOf, type TellPhase } from "./phase.js";
import type { RunFolder } from "./run-folder.js";

/** A boot in an emulated machine takes minutes when that is busy. */
const BOOT_LIMIT_MS = 600_000;

export interface Boot {
  agent: SessionAgent;
  scenario: Scenario;
  /** by the ids of live components */
  sources: ReadonlyMap<number, BootSource>;
  folder: RunFolder;
  uuid: string;
  phase: TellPhase;
  /** gets the paths of disks that were made */
  disks: string[];
}

export async function bootGuests(boot: Boot): Promise<void> {
  const { agent, scenario, folder, uuid, phase } = boot;
  const live = scenario.components.filter((each) => each.kind === "live");
  await agent.ask("prepare", sessionPlan(scenario, uuid, folder));
  await phase("boot", namesOf(live));
  await allOf(live.map((guest) => bootGuest(guest, boot)));
}

async function bootGuest(guest: LiveComponent, boot: Boot): Promise<void> {
  const { agent, scenario, sources, folder, disks } = boot;
  const { id, name, vcpus, memoryBytes } = guest;
  const { kernel, initrd, append, disk } = sources.get(id) ?? {};
  const root = disk && rootOf(disk, guest, folder);
  const empty = guest.disks.map(({ sizeBytes }, index) => ({
    path: folder.disk(name, index),
    sizeBytes,
  }));
  const own = empty.map(({ path }) => path);
  disks.push(...(root ? [root.path] : []), ...own);
  await agent.ask("make-disks", { component: id, ...(root && { root }), empty });
  await agent.ask("boot", {
    ...{ component: id, name, vcpus, memoryBytes },
    ...disksOf(guest, scenario, root?.path, own),
    ...(kernel !== undefined && { kernel }),
    ...(initrd !== undefined && { initrd }),
    ...(append !== undefined && { append }),
    consoleLog: folder.consoleLog(name),
    vmmLog: folder.processLog(name, "live"),
  });
  await agent.ask("guest-connect", { component: id, limitMs: BOOT_LIMIT_MS });
}

/** The guest's first disk, whose image stays as it is: an overlay, or a copy if it is modelled. */
function rootOf(
  image: NonNullable<BootSource["disk"]>,
  { name, disk }: LiveComponent,
  folder: RunFolder,
) {
  const copy = disk !== undefined;
  return { path: copy ? folder.rootCopy(name) : folder.overlay(name), image, copy };
}

function disksOf(
  guest: LiveComponent,
  scenario: Scenario,
  root: string | undefined,
  own: readonly string[],
) {
  if (!guest.disk) return { ...(root !== undefined && { overlay: root }), disks: [...own] };
  const disks = [...(root === undefined ? [] : [root]), ...own];
  return { disks, diskModel: { ...guest.disk, firstLink: firstDiskLink(guest, scenario) } };
}

/** Links of disks are numbered behind the scenario's, guest after guest. */
function firstDiskLink({ id }: LiveComponent, { components, links }: Scenario): number {
  const before = components
    .slice(0, id)
    .map((each) => (each.kind === "live" && each.disk ? diskCount(each) : 0));
  return before.reduce((sum, count) => sum + count, links.length);
}

function diskCount({ image, disks }: LiveComponent): number {
  const hasRoot = "disk" in image || ("builtin" in image && image.builtin === "debian");
  return disks.length + (hasRoot ? 1 : 0);
}

function sessionPlan(scenario: Scenario, uuid: string, folder: RunFolder) {
  const { name, session, components, links } = scenario;
  const { mode, onLoss, onOvershoot, durationNs } = session;
  return {
    ...{ uuid, name, folder: folder.path, quantumNs: quantumOf(scenario) },
    ...(durationNs !== undefined && { endNs: durationNs }),
    ...{ mode: Mode[mode], onLoss: OnLoss[onLoss], onOvershoot: OnOvershoot[onOvershoot] },
    components: components.map(({ id, name, kind }) => ({ id, name, kind })),
    links: links.map(({ ends: [a, b], capture, ...link }) => ({
      ...link,
      ...(a.network && { aPort: a.network.port }),
      ...(b.network && { bPort: b.network.port }),
      ...(capture && { capture: capturePlanOf({ ...link, ends: [a, b] }, scenario, folder) }),
    })),
  };
}
