// SPDX-License-Identifier: Apache-2.0
// What has to come out of test/scenarios/demo.yaml, and how people are shown it.
import type { RunResultFile } from "@livestack/controller/result";

type Component = RunResultFile["components"][number];
type Command = Component["commands"][number];

/** Of the scenario: the client asks so often, and each question has its answer. */
const MESSAGES = 2 * 20;
const MODELS = "client-server";
/** Of the link between the guests, there and back. */
const ROUND_TRIP_MS = 2 * 50;
const PINGS = 5;
const TCP_BYTES = 65_536;
const SLEEP = /^sleep (\d+)$/;
/**
 * A guest's sleep may be longer than asked by this, of its own time: the shell has to start, and in an
 * emulated lab host whatever the emulator does while the guest runs is the guest's time.
 */
export const SLEEP_LATE_NS = 2_000_000_000;
const LONGEST_SHOWN = 40;

/** What is wrong with a result, a sentence each; none if it is as it has to be. */
export function faultsOf(result: RunResultFile): string[] {
  const guests = guestsOf(result);
  const lookedAt = guests.flatMap((guest) => [
    ...guest.commands.flatMap((command) => commandFaults(guest, command)),
    ...vcpuFaults(guest),
  ]);
  const slowestNs = Math.max(0, ...guests.map(spentNs));
  return [
    ...(result.mode === "strict" ? [] : [`the session's mode was ${result.mode}, not strict`]),
    ...(guests.length === 2 ? [] : [`${guests.length} guests took part, not 2`]),
    ...lookedAt,
    ...(result.simulated_ns >= slowestNs
      ? []
      : [
          `simulated time came to ${seconds(result.simulated_ns)}, a guest's clock to ${seconds(slowestNs)}`,
        ]),
    ...linkFaults(result),
    ...networkFaults(guests),
  ];
}

function guestsOf({ components }: RunResultFile): Component[] {
  return components.filter(({ kind }) => kind === "live");
}

/** By the guest's own clock, from simulated time 0 to the end of its last command. */
function spentNs({ commands }: Component): number {
  return commands.reduce((sum, { guest_ns }) => sum + (guest_ns ?? 0), 0);
}

function commandFaults({ name }: Component, { run, exit, guest_ns: ns }: Command): string[] {
  if (exit === null || ns === null) return [`${name}: ${run}: had not ended`];
  if (exit !== 0) return [`${name}: ${run}: ended with status ${exit}`];
  const asked = SLEEP.exec(run)?.[1];
  if (asked === undefined) return [];
  const early = ns < Number(asked) * 1e9;
  const late = ns > Number(asked) * 1e9 + SLEEP_LATE_NS;
  return early || late ? [`${name}: ${run}: took ${seconds(ns)} by the guest's clock`] : [];
}

/** A machine that computes for longer than a window is stopped at its end; one that sleeps is idle. */
function vcpuFaults({ name, commands, vcpus }: Component): string[] {
  const sleptNs = commands.reduce(
    (sum, { run }) => sum + Number(SLEEP.exec(run)?.[1] ?? 0) * 1e9,
    0,
  );
  const idleNs = vcpus.reduce((sum, { idle_ns }) => sum + idle_ns, 0);
  return [
    ...(vcpus.length > 0 ? [] : [`${name}: nothing was counted of its vCPUs`]),
    ...(commands.length >= 3 && sleptNs > 0
      ? []
      : [`${name}: commands of the scenario are missing`]),
    ...(vcpus.every(({ parks }) => parks > 0) ? [] : [`${name}: it was never stopped`]),
    ...(idleNs * 2 >= sleptNs
      ? []
      : [`${name}: it slept ${seconds(sleptNs)} and was idle only ${seconds(idleNs)}`]),
  ];
}

function linkFaults({ links, late_deliveries: late }: RunResultFile): string[] {
  const delivered = messagesOf(links);
  return [
    ...(late === 0 ? [] : [`${late} messages were late`]),
    ...(delivered === MESSAGES
      ? []
      : [`${delivered} of ${MESSAGES} messages between client and server arrived`]),
  ];
}

function messagesOf(links: RunResultFile["links"]): number {
  return links.find(({ name }) => name === MODELS)?.delivered ?? 0;
}

/** Milliseconds of each answer, as ping tells. */
function roundTrips(guests: readonly Component[]): number[] {
  const told = guests.flatMap(({ commands }) => commands).find(({ run }) => /^ping /.test(run));
  return [...(told?.stdout ?? "").matchAll(/ time=([\d.]+) ms/g)].map(([, ms]) => Number(ms));
}

/** What the last guest says that it got over TCP. */
function received(guests: readonly Component[]): number {
  return Number(guests.at(-1)?.commands.at(-1)?.stdout.trim() || "0");
}

function networkFaults(guests: readonly Component[]): string[] {
  const trips = roundTrips(guests);
  const soonest = Math.min(...trips);
  const bytes = received(guests);
  return [
    ...(trips.length === PINGS ? [] : [`${trips.length} of ${PINGS} pings were answered`]),
    ...(trips.length === 0 || soonest >= ROUND_TRIP_MS
      ? []
      : [`a ping was answered after ${soonest} ms, before the link's ${ROUND_TRIP_MS} ms`]),
    ...(bytes === TCP_BYTES ? [] : [`${bytes} of ${TCP_BYTES} bytes came over TCP`]),
  ];
}

/** For somebody who sees it for the first time. */
export function demoText(result: RunResultFile): string {
  const guests = guestsOf(result);
  const commands = guests.flatMap(({ name, commands }) =>
    commands.map(({ run, exit, guest_ns: ns }) => [
      ...[name, run.length > LONGEST_SHOWN ? `${run.slice(0, LONGEST_SHOWN - 3)}...` : run],
      ...[exit === null ? "-" : String(exit), ns === null ? "-" : seconds(ns)],
    ]),
  );
  const machines = guests.flatMap(({ name, vcpus }) =>
    vcpus.map(({ windows, parks, idle_ns, parked_ns, overshoot_ns }) => [
      ...[name, String(windows), String(parks), seconds(parked_ns), seconds(idle_ns)],
      overshoot_ns ? `${(overshoot_ns.p99 / 1e6).toFixed(3)} ms` : "-",
    ]),
  );
  const messages = messagesOf(result.links);
  const trips = roundTrips(guests).toSorted((a, b) => a - b);
  const [slowest] = guests.toSorted((a, b) => spentNs(b) - spentNs(a));
  const ratio = result.wall_ns > 0 ? result.simulated_ns / result.wall_ns : 0;
  return [
    "What the guests did, one command after the other, each timed by the guest's own clock:\n",
    columns(["guest", "command", "exit", "took"], commands),
    "How the kernel held their virtual CPUs to simulated time:\n",
    columns(
      [
        "guest",
        "ran in windows",
        "stopped",
        "stood still, wall",
        "idle, simulated",
        "too far, p99",
      ],
      machines,
    ),
    "What the session says:\n",
    facts([
      ["simulated time", `${seconds(result.simulated_ns)}, ${result.mode}`],
      [
        "last command",
        slowest ? `at ${seconds(spentNs(slowest))} by the clock of ${slowest.name}` : "-",
      ],
      ["wall time", `${seconds(result.wall_ns)}`],
      ["ratio", `${ratio.toFixed(2)} s simulated in each second; idle time is skipped`],
      ["windows", `${result.windows} of ${result.quantum_ns / 1e6} ms`],
      [
        "ping",
        `${trips[trips.length >> 1] ?? "-"} ms from one to two and back; the link has ${ROUND_TRIP_MS} ms`,
      ],
      ["TCP", `${received(guests)} bytes from one to two`],
      ["messages", `${messages} between client and server; ${result.late_deliveries} late of all`],
    ]),
  ].join("\n");
}

function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(3)} s`;
}

/** Text to the left, figures to the right. */
function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((cells) => cells[i]?.length ?? 0)));
  const isFigure = head.map((_, i) =>
    rows.every((cells) => /^(-|\d+(\.\d+)?( m?s)?)$/.test(cells[i] ?? "")),
  );
  return all
    .map((cells) =>
      cells
        .map((cell, i) =>
          isFigure[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `  ${line}\n`)
    .join("");
}

function facts(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, fact]) => `  ${name.padEnd(14)}  ${fact}\n`).join("");
}
