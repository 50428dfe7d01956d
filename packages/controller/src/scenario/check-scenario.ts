// SPDX-License-Identifier: Apache-2.0
import type * as z from "zod";
import { checkFiles, type ImagePlace } from "./check-files.js";
import { checkRelations } from "./check-relations.js";
import { OWN_KEY } from "./json-schema.js";
import { type Parsed, parseYaml } from "./parse-yaml.js";
import { type Problem, reporterTo } from "./problem.js";
import { Translator } from "./problems-of-issue.js";
import { scenarioSchema } from "./schema.js";
import { isMap } from "./values.js";

export interface Checked extends Pick<Parsed, "lineOf"> {
  /** absent when there are problems */
  readonly written?: z.output<typeof scenarioSchema>;
  /** all there are, in the order of the file */
  readonly problems: readonly Problem[];
}

/** @param folder absolute; what paths in the file are relative to */
export function checkScenario(
  bytes: Uint8Array,
  folder: string,
  images: ImagePlace = "here",
): Checked {
  const text = new TextDecoder().decode(bytes);
  const { root, problems: found, lineOf } = parseYaml(text);
  const problems = [...encodingProblems(bytes, text), ...found];
  if (root === undefined) return { problems: inOrder(problems), lineOf };
  const { data, error } = scenarioSchema.safeParse(withoutOwnKeys(root.value));
  const translator = new Translator(root);
  problems.push(...(error?.issues ?? []).flatMap((issue) => translator.problemsOf(issue)));
  const report = reporterTo(problems, root);
  checkRelations(root.value, report);
  checkFiles(root.value, folder, images, report);
  const good = problems.length === 0 && data !== undefined;
  return { ...(good && { written: data }), problems: inOrder(problems), lineOf };
}

function encodingProblems(bytes: Uint8Array, text: string): Problem[] {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return [];
  } catch {
    const message = "this is not UTF-8";
    const hint = "save the file in UTF-8";
    return [{ code: "YAML_SYNTAX", message, hint, at: Math.max(0, text.indexOf("\uFFFD")) }];
  }
}

function withoutOwnKeys(file: unknown): unknown {
  if (!isMap(file)) return file;
  return Object.fromEntries(Object.entries(file).filter(([key]) => !OWN_KEY.test(key)));
}

/**
 * One error of a kind for each place: a mistake behind an anchor is met at each alias, and zod holds a
 * number against its type's limits before ours. Several keys can be missing at one place.
 */
function inOrder(problems: readonly Problem[]): Problem[] {
  const distinct = new Map(
    problems.map((each) => {
      const { at, code, hint } = each;
      return [`${at} ${code} ${code === "MISSING_KEY" ? hint : ""}`, each];
    }),
  );
  return [...distinct.values()].sort((a, b) => a.at - b.at);
}
