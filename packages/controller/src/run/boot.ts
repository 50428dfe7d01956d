// SPDX-License-Identifier: Apache-2.0
// The session in the kernel, and its guests up to their agents' first word.
import { Mode, OnLoss, OnOvershoot } from "@livestack/netlink-client";
import type { AgentConnection } from "../agent/connection.js";
import type { LiveComponent, Scenario } from "../scenario/scenario.js";
import { type BootSource, bootSource } from "../vmm/guest-image.js";
import { makeOverlay } from "../vmm/qcow2-overlay.js";
import { copyImage } from "../vmm/raw-copy.js";
import { capturePlanOf } from "./capture-plan.js";
import { quantumOf } from "./guard.js";
import { allOf } from "./interrupt.js";
import { namesOf, type TellPhase } from "./phase.js";
import type { RunFolder } from "./run-folder.js";

/** A boot in an emulated machine takes minutes when that is busy. */
const BOOT_LIMIT_MS = 600_000;

export interface Boot {
  agent: AgentConnection;
  scenario: Scenario;
  /** by the ids of live components */
  sources: ReadonlyMap<number, BootSource>;
  folder: RunFolder;
  uuid: string;
  phase: TellPhase;
  /** gets the paths of disks that were made */
  disks: string[];
}

/** @throws LivestackError NO_IMAGE */
export async function guestSources(
  live: readonly LiveComponent[],
): Promise<Map<number, BootSource>> {
  const sources = new Map<number, BootSource>();
  for (const { id, image } of live) sources.set(id, await bootSource(image));
  return sources;
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
  const root = disk && (await makeRoot(disk, guest, folder));
  if (root !== undefined) disks.push(root);
  const own = guest.disks.map(({ sizeBytes }, index) => folder.makeDisk(name, index, sizeBytes));
  disks.push(...own);
  await agent.ask("boot", {
    ...{ component: id, name, vcpus, memoryBytes },
    ...disksOf(guest, scenario, root, own),
    ...(kernel !== undefined && { kernel }),
    ...(initrd !== undefined && { initrd }),
    ...(append !== undefined && { append }),
    consoleLog: folder.consoleLog(name),
    vmmLog: folder.processLog(name, "live"),
  });
  await agent.ask("guest-connect", { component: id, limitMs: BOOT_LIMIT_MS });
}

/** What the guest's first disk is, whose image stays as it is: an overlay, or a copy if it is modelled. */
async function makeRoot(
  image: NonNullable<BootSource["disk"]>,
  { name, disk }: LiveComponent,
  folder: RunFolder,
): Promise<string> {
  if (disk) {
    await copyImage(image.path, folder.rootCopy(name));
    return folder.rootCopy(name);
  }
  makeOverlay(folder.overlay(name), image.path, image.format);
  return folder.overlay(name);
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
