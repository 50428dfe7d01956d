// SPDX-License-Identifier: Apache-2.0
// Reading of values that may be anything.
import type * as z from "zod";
import type { Path } from "./problem.js";

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @returns undefined where there is none, inherited ones among them */
export function memberOf(value: unknown, step: string | number): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, step) ? (value as Record<string | number, unknown>)[step] : undefined;
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce(memberOf, value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function entriesOf(value: unknown): [string, unknown][] {
  return isMap(value) ? Object.entries(value) : [];
}

/** The members of an object that are right by themselves; of no object at all, none. */
export function goodParts<Schema extends z.ZodObject>(
  schema: Schema,
  value: unknown,
): Partial<z.output<Schema>> {
  if (!isMap(value)) return {};
  const good = Object.entries<z.ZodType>(schema.shape).flatMap(([key, member]) => {
    const { success, data } = member.safeParse(memberOf(value, key));
    return success && data !== undefined ? [[key, data]] : [];
  });
  return Object.fromEntries(good);
}
