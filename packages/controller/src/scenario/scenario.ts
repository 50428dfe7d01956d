// SPDX-License-Identifier: Apache-2.0
// A scenario as the rest of the program knows it: checked, defaults filled in, ids given.
import { resolve } from "node:path";
import type * as z from "zod";
import { given } from "../given.js";
import { autoLimit, linkName, lookaheadOf } from "./lookahead.js";
import { resolveLinks, type ScenarioLink } from "./resolve-links.js";
import type { componentSchema, scenarioSchema } from "./schema.js";

type Written = z.output<typeof scenarioSchema>;
type WrittenComponent = z.output<typeof componentSchema>;
type WrittenLive = Extract<WrittenComponent, { kind: "live" }>;
type WrittenModel = Extract<WrittenComponent, { kind: "model" }>;

export type Image =
  | { builtin: "tiny" | "debian"; packages: string[] }
  | { kernel: string; initrd?: string; append?: string }
  | { disk: string; format: "qcow2" | "raw" };

export interface DiskTimes {
  latencyNs: bigint;
  rateBps?: bigint;
}

export interface LiveComponent {
  kind: "live";
  /** its place in the file's order, from 0: what the kernel calls it, on all hosts */
  id: number;
  name: string;
  /** of a controller, where it has its place; absent: wherever there is room */
  host?: string;
  image: Image;
  vcpus: number;
  memoryBytes: bigint;
  disks: { sizeBytes: bigint }[];
  /** what time each of its disks takes; absent: none that is modelled */
  disk?: DiskTimes;
  /** mode: permissions in octal; absent means those of the source */
  files: { from: string; to: string; mode?: string }[];
  setup: string[];
  ready?: string;
  run: string[];
  collect: string[];
}

export interface ModelComponent {
  kind: "model";
  id: number;
  name: string;
  host?: string;
  /** program and arguments, run in the scenario's folder */
  command: string[];
}

export type ScenarioComponent = LiveComponent | ModelComponent;

export type { ScenarioLink } from "./resolve-links.js";

export interface ScenarioSession {
  /** of a window; for auto, `autoLimitNs` less the guard */
  quantumNs: bigint | "auto";
  /** the longest window that auto may take, before the guard goes off */
  autoLimitNs: bigint;
  /** shortest latency of any link, and whose it is; absent without links */
  lookahead?: { ns: bigint; link: string };
  mode: Written["session"]["mode"];
  onLoss: Written["session"]["on_loss"];
  onOvershoot: Written["session"]["on_overshoot"];
  exact: boolean;
  /** since 1970: what the guests' CLOCK_REALTIME shows at simulated time 0 */
  epochNs: bigint;
  /** commands: when the last has ended, and at `durationNs` at the latest if that is there */
  end: "commands" | "duration";
  durationNs?: bigint;
}

export interface Scenario {
  name: string;
  /** where models run, and what paths were relative to */
  folder: string;
  session: ScenarioSession;
  /** in the order of their ids */
  components: ScenarioComponent[];
  links: ScenarioLink[];
}

/** @param folder absolute; paths of the scenario are relative to it */
export function resolveScenario(written: Written, folder: string): Scenario {
  const components = Object.entries(written.components).map(([name, component], id) =>
    component.kind === "live"
      ? resolveLive(component, id, name, folder)
      : resolveModel(component, id, name),
  );
  const links = resolveLinks(written.links, components);
  return {
    name: written.name,
    folder,
    session: resolveSession(written),
    components,
    links,
  };
}

function resolveSession({ session, links }: Written): ScenarioSession {
  const { quantum, mode, on_loss, on_overshoot, exact, epoch, duration, end } = session;
  const lookahead = lookaheadOf(links);
  return {
    quantumNs: quantum,
    autoLimitNs: autoLimit(lookahead?.ns),
    ...(lookahead && {
      lookahead: {
        ns: lookahead.ns,
        link: linkName(lookahead.link.name, lookahead.link.endpoints),
      },
    }),
    mode,
    onLoss: on_loss,
    onOvershoot: on_overshoot,
    exact,
    epochNs: epoch,
    end: end ?? (duration === undefined ? "commands" : "duration"),
    ...(duration !== undefined && { durationNs: duration }),
  };
}

function resolveModel(model: WrittenModel, id: number, name: string): ModelComponent {
  const { kind, host, command } = model;
  return { kind, id, name, ...given({ host }), command };
}

function resolveLive(live: WrittenLive, id: number, name: string, folder: string): LiveComponent {
  const { kind, host, vcpus, memory, disks, disk, files, setup, ready, run, collect } = live;
  return {
    kind,
    id,
    name,
    ...given({ host }),
    image: resolveImage(live, folder),
    vcpus,
    memoryBytes: memory,
    disks: disks.map(({ size }) => ({ sizeBytes: size })),
    ...(disk && { disk: { latencyNs: disk.latency, ...given({ rateBps: disk.rate }) } }),
    files: files.map(({ from, to, mode }) => ({
      from: resolve(folder, from),
      to,
      ...(mode !== undefined && { mode }),
    })),
    setup,
    ...(ready !== undefined && { ready }),
    run,
    collect,
  };
}

function resolveImage({ image, packages = [] }: WrittenLive, folder: string): Image {
  if (image === "builtin:tiny" || image === "builtin:debian")
    return { builtin: image === "builtin:tiny" ? "tiny" : "debian", packages };
  if ("disk" in image) return { disk: resolve(folder, image.disk), format: image.format };
  const { kernel, initrd, append } = image;
  return {
    kernel: resolve(folder, kernel),
    ...(initrd !== undefined && { initrd: resolve(folder, initrd) }),
    ...(append !== undefined && { append }),
  };
}
