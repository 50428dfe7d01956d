// SPDX-License-Identifier: Apache-2.0
import { type Histogram, Mode, summarise } from "@livestack/netlink-client";
import type { Statistics } from "../agent/protocol.js";
import type { Scenario, ScenarioLink } from "../scenario/scenario.js";
import { wordOf } from "../session/show.js";
import { UNMODELLED } from "../vmm/qemu-arguments.js";
import {
  type CommandResult,
  RESULT_SCHEMA,
  type RunResultFile,
  resultSchema,
} from "./result-schema.js";

export interface RunFigures {
  scenario: Scenario;
  statistics: Statistics;
  wallNs: bigint;
  /** by component id */
  commands: ReadonlyMap<number, readonly CommandResult[]>;
  warnings: readonly string[];
}

type Component = RunResultFile["components"][number];
type VcpuResult = Component["vcpus"][number];

export function makeResult(figures: RunFigures): RunResultFile {
  const { scenario, statistics, wallNs, commands, warnings } = figures;
  const { session } = statistics;
  const components = scenario.components.map(
    ({ id, name, kind }): Component => ({
      name,
      kind,
      vcpus: vcpusOf(statistics, id),
      skew_max_ns: skewOf(statistics, id),
      unmodelled: kind === "live" ? [...UNMODELLED] : [],
      commands: [...(commands.get(id) ?? [])],
    }),
  );
  return resultSchema.parse({
    schema: RESULT_SCHEMA,
    scenario: scenario.name,
    mode: session.released ? "free" : wordOf("mode", session.mode ?? Mode.strict),
    quantum_ns: Number(session.quantumNs),
    simulated_ns: Number(session.clockNs ?? 0n),
    wall_ns: Number(wallNs),
    windows: Number(session.windows),
    late_deliveries: Number(session.late ?? 0n),
    components,
    links: scenario.links.map((link) => linkResult(link, statistics)),
    warnings: [...warnings],
  });
}

function vcpusOf({ vcpus }: Statistics, component: number): VcpuResult[] {
  return vcpus
    .filter((vcpu) => vcpu.component === component)
    .sort((a, b) => a.id - b.id)
    .map((vcpu) => ({
      windows: Number(vcpu.windows),
      parks: Number(vcpu.parks),
      overshoot_ns: percentiles(vcpu.overshootNs ?? [], vcpu.overshootMaxNs),
      preempted_ns: Number(vcpu.preemptedNs ?? 0n),
      parked_ns: Number(vcpu.parkedNs ?? 0n),
      idle_ns: Number(vcpu.idleNs ?? 0n),
      user_ns: Number(vcpu.userNs ?? 0n),
    }));
}

function skewOf({ components, vcpus }: Statistics, id: number): number | null {
  const count = vcpus.filter(({ component }) => component === id).length;
  const skewNs = components.find((each) => each.id === id)?.skewMaxNs;
  return count > 1 && skewNs !== undefined ? Number(skewNs) : null;
}

/**
 * The kernel counts by powers of two: a percentile is the upper bound of the bucket it is in, but
 * never more than the largest value, which is known.
 */
function percentiles(histogram: Histogram, maxNs: bigint | undefined): VcpuResult["overshoot_ns"] {
  const summary = summarise(histogram);
  if (!summary) return null;
  const max = maxNs ?? summary.max;
  const capped = (value: bigint) => Number(value < max ? value : max);
  return { p50: capped(summary.p50), p99: capped(summary.p99), max: Number(max) };
}

function linkResult(
  { id, name, latencyNs }: ScenarioLink,
  { links }: Statistics,
): RunResultFile["links"][number] {
  const found = links.find((link) => link.id === id);
  const both = [found?.toA, found?.toB];
  const sum = (key: keyof NonNullable<(typeof both)[number]>) =>
    both.reduce((total, way) => total + Number(way?.[key] ?? 0), 0);
  return {
    name,
    latency_ns: Number(latencyNs),
    delivered: sum("received"),
    dropped: sum("dropped"),
    dropped_by: {
      limit: sum("droppedLimit"),
      loss: sum("droppedLoss"),
      mtu: sum("droppedMtu"),
      down: sum("droppedDown"),
      gone: sum("droppedGone"),
    },
    queued: sum("queued"),
    late: sum("late"),
    bytes: sum("receivedBytes"),
  };
}
