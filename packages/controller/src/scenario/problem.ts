// SPDX-License-Identifier: Apache-2.0
// One error of a scenario file, and where in the file it is.
import type { ErrorCode } from "../exit-status.js";

/** Keys and indices from the top of the file to a value. */
export type Path = readonly (string | number)[];

export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  /** how to mend it */
  readonly hint: string;
  /** offset in the text, in UTF-16 units */
  readonly at: number;
}

/** A value of the file and where it was written; aliases and merged keys lead to their anchor. */
export interface Located {
  readonly value: unknown;
  readonly at: number;
  readonly entries: ReadonlyMap<string | number, Entry>;
}

export interface Entry {
  /** of the key, or of the item itself in a list */
  readonly at: number;
  readonly node: Located;
}

/** Takes an error about the value at a path, or about its key. */
export type Report = (
  path: Path,
  what: Pick<Problem, "code" | "message" | "hint">,
  about?: "value" | "key",
) => void;

/** "components.web.disks[0].size"; keys that are no plain word are quoted. */
export function pathText(path: Path): string {
  const text = path
    .map((step) => {
      if (typeof step === "number") return `[${step}]`;
      return `.${/^[\w.-]+$/.test(step) ? step : quoted(step)}`;
    })
    .join("");
  return text === "" ? "the scenario" : text.replace(/^\./, "");
}

const QUOTED_MAX = 60;

/** Text of the file as a message shows it, cut where it gets long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}...` : text);
}

/**
 * The offset to show for the value at `path`: its own if it is one word or number; for a map or list,
 * which may begin on the next line, its key's; for one that is missing, where it is missing.
 */
export function placeOf(root: Located, path: Path): number {
  const node = nodeAt(root, path);
  if (node === undefined) return placeOf(root, path.slice(0, -1));
  const isWord = typeof node.value !== "object" || node.value === null;
  return isWord ? node.at : keyPlaceOf(root, path);
}

/** The offset of the key at `path`, which is there; of the whole file, where it begins. */
export function keyPlaceOf(root: Located, path: Path): number {
  const key = path.at(-1);
  if (key === undefined) return root.at;
  return nodeAt(root, path.slice(0, -1))?.entries.get(key)?.at ?? root.at;
}

function nodeAt(root: Located, path: Path): Located | undefined {
  let node: Located | undefined = root;
  for (const step of path) node = node?.entries.get(step)?.node;
  return node;
}

/** Keeps what is reported about a file in `problems`. */
export function reporterTo(problems: Problem[], root: Located): Report {
  return (path, { code, message, hint }, about) => {
    const at = about === "key" ? keyPlaceOf(root, path) : placeOf(root, path);
    problems.push({ code, message: `${pathText(path)}: ${message}`, hint, at });
  };
}
