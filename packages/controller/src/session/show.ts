// SPDX-License-Identifier: Apache-2.0
// How objects of the kernel look to people and in JSON.
import {
  Awaits,
  bucketTop,
  Clocksource,
  type Component,
  type Histogram,
  Kind,
  Mode,
  OnLoss,
  OnOvershoot,
  Parting,
  Place,
  Reason,
  type Session,
  State,
  summarise,
} from "@livestack/netlink-client";

const ENUMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  state: State,
  reason: Reason,
  mode: Mode,
  onLoss: OnLoss,
  onOvershoot: OnOvershoot,
  clocksource: Clocksource,
  kind: Kind,
  place: Place,
  parting: Parting,
  awaits: Awaits,
};
const UNITS = [
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
  ["us", 1_000n],
] as const;

/** The word for a number of an enum; a number that a newer module has added stands for itself. */
export function wordOf(property: keyof typeof ENUMS, value: number | undefined): string {
  if (value === undefined) return "-";
  const found = Object.entries(ENUMS[property] ?? {}).find(([, number]) => number === value);
  return found?.[0] ?? String(value);
}

/** Exact: "1.5 ms", "2.000000001 s". */
export function timeText(ns: bigint | undefined): string {
  if (ns === undefined) return "-";
  const [unit, size] = UNITS.find(([, each]) => ns >= each) ?? ["ns", 1n];
  const fraction = (ns % size).toString().padStart(size.toString().length - 1, "0");
  const digits = fraction.replace(/0+$/, "");
  return `${ns / size}${digits === "" || size === 1n ? "" : `.${digits}`} ${unit}`;
}

export function numberText(value: number | bigint | undefined): string {
  return value === undefined ? "-" : String(value);
}

export type NameOf = (session: number, component: number) => string;

/** Names of components, or their numbers where there is no name. */
export function namesOf(components: readonly Component[]): NameOf {
  const names = new Map(components.map(({ session, id, name }) => [`${session}/${id}`, name]));
  return (session, component) => names.get(`${session}/${component}`) ?? `component ${component}`;
}

/** "running", "paused (client died)". */
export function stateText({ id, state, reason, culprit, host }: Session, nameOf: NameOf): string {
  const word = wordOf("state", state);
  if (reason === undefined || state === State.running || state === State.created) return word;
  if (reason === Reason.silent) return `${word} (host ${host} is silent)`;
  if (reason !== Reason.died) return `${word} (${wordOf("reason", reason)})`;
  return `${word} (${culprit === undefined ? "a component" : nameOf(id, culprit)} died)`;
}

/** Whom the open window waits for: "client", "client and 2 more". */
export function waitsForText({ id, awaited, waitsFor }: Session, nameOf: NameOf): string {
  if (awaited === 0 || waitsFor === undefined) return "-";
  const first = nameOf(id, waitsFor);
  return awaited === 1 ? first : `${first} and ${awaited - 1} more`;
}

/**
 * What `-o json` prints of an object: names in snake_case, words for enums, integers for integers,
 * histograms summarised. Beyond 2^53-1, where a JSON number is no longer exact for most readers, an
 * integer is a string of its digits; times never are.
 */
export function jsonOf(value: unknown): unknown {
  if (typeof value === "bigint") return exact(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [snake(name), jsonOfProperty(name, each)]),
  );
}

function jsonOfProperty(name: string, value: unknown): unknown {
  if (name in ENUMS && typeof value === "number") return wordOf(name, value);
  const isHistogram = Array.isArray(value) && value.every((each) => typeof each === "bigint");
  // Only the name tells an empty one from a list of no objects.
  const isOne = isHistogram && (value.length > 0 || name.endsWith("Ns"));
  return isOne ? jsonOfHistogram(value) : jsonOf(value);
}

function jsonOfHistogram(histogram: Histogram): unknown {
  const buckets = histogram.map((count, index) => ({
    to: exact(bucketTop(index)),
    count: exact(count),
  }));
  const { count = 0n, p50 = null, p99 = null, max = null } = summarise(histogram) ?? {};
  const filled = buckets.filter((bucket) => bucket.count !== 0);
  return { ...(jsonOf({ count, p50, p99, max }) as object), buckets: filled };
}

function exact(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
