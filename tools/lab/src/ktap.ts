// SPDX-License-Identifier: Apache-2.0

/** Result of a KTAP point; docs.kernel.org/dev-tools/ktap.html. */
export interface KtapPoint {
  name: string;
  outcome: "pass" | "fail" | "skip" | "xfail";
  /** reason of a skip or expected failure */
  reason: string;
  /** "# ..." lines before the point, without the mark */
  diagnostics: string[];
  /** points of the subtest that this one closes */
  children: KtapPoint[];
}

export interface KtapReport {
  points: KtapPoint[];
  /** what makes the stream no valid account: a plan not kept, a bail-out, nothing at all */
  problems: string[];
}

interface Level {
  indent: number;
  plan: number | undefined;
  points: KtapPoint[];
  /** number that the next point must have */
  next: number;
  diagnostics: string[];
  /** points of a subtest whose own result line has not come yet */
  unclaimed: KtapPoint[];
  /** reason of a "1..0 # SKIP": here for a whole level, in `unclaimedSkip` for the subtest before */
  skip: string | undefined;
  unclaimedSkip: string | undefined;
}

const VERSION = /^K?TAP version \d+$/;
const PLAN = /^1\.\.(\d+)(?:\s*#\s*(?:SKIP\S*\s*(.*)|.*))?$/i;
// The number is a must: "ok, going on" in a kernel's log is no point.
const POINT =
  /^(ok|not ok)\s+(\d+)(?: -(?=\s|$))?(?:\s+(.*?))??(?:\s+#\s*(SKIP|XFAIL|TODO|TIMEOUT|ERROR)(?:PED)?\b:?\s*(.*))?$/i;

/** Reads a whole KTAP stream, also one that its writer did not live to end. */
export function parseKtap(text: string): KtapReport {
  const problems: string[] = [];
  const levels: Level[] = [];
  for (const line of text.split("\n")) {
    const indent = line.length - line.trimStart().length;
    const body = line.trim();
    if (body.startsWith("#")) takeDiagnostic(levels, indent, body);
    else if (body.startsWith("Bail out!")) problems.push(body);
    else if (VERSION.test(body) || PLAN.test(body) || POINT.test(body))
      takeLine(levelFor(levels, indent, body, problems), body, problems);
    else if (/^not ok\b/.test(body)) problems.push(`a failure without a number: ${body}`);
  }
  const cutOff = "a subtest that was cut off";
  while (levels.length > 1) {
    problems.push(`the stream ends inside a subtest, after ${describeEnd(levels.at(-1))}`);
    closeLast(levels, cutOff, problems);
  }
  const points = levels[0] ? endReport(levels[0], problems) : [];
  if (points.length === 0) problems.push("no test point at all");
  return { points, problems };
}

function newLevel(indent: number): Level {
  return {
    indent,
    plan: undefined,
    points: [],
    next: 1,
    diagnostics: [],
    unclaimed: [],
    skip: undefined,
    unclaimedSkip: undefined,
  };
}

function describeEnd(level: Level | undefined): string {
  const last = level?.points.at(-1);
  return last ? `its point ${JSON.stringify(last.name)}` : "no point of it";
}

/** Diagnostics open and close nothing: KUnit's sums stand further out than the points they follow. */
function takeDiagnostic(levels: Level[], indent: number, body: string): void {
  const level = levels.findLast((each) => each.indent <= indent) ?? levels[0];
  level?.diagnostics.push(body.replace(/^#\s?/, ""));
}

/** The level that a line with this indent belongs to: opened if it is new, deeper ones closed. */
function levelFor(levels: Level[], indent: number, body: string, problems: string[]): Level {
  while (levels.length > 1 && indent < (levels.at(-1) as Level).indent)
    closeLast(levels, body, problems);
  const last = levels.at(-1);
  if (last && indent <= last.indent) return last;
  const level = newLevel(indent);
  levels.push(level);
  return level;
}

function closeLast(levels: Level[], what: string, problems: string[]): void {
  const level = levels.pop() as Level;
  const parent = levels.at(-1) as Level;
  checkLevel(level, what, problems);
  parent.unclaimed.push(...level.points, ...level.unclaimed);
  parent.unclaimedSkip = level.points.length === 0 ? level.skip : undefined;
  parent.diagnostics.push(...level.diagnostics);
}

function endReport(top: Level, problems: string[]): KtapPoint[] {
  const { points, unclaimed, diagnostics, skip } = top;
  checkLevel(top, "the report", problems);
  if (points.length === 0 && skip !== undefined)
    points.push({ name: "everything", outcome: "skip", reason: skip, diagnostics, children: [] });
  return [...points, ...unclaimed];
}

function takeLine(level: Level, body: string, problems: string[]): void {
  const plan = PLAN.exec(body);
  const point = POINT.exec(body);
  if (plan) {
    if (level.plan !== undefined) problems.push(`${body}: a second plan, after 1..${level.plan}`);
    level.plan = Number(plan[1]);
    if (level.plan === 0) level.skip = plan[2];
  } else if (point) {
    const number = Number(point[2]);
    if (number !== level.next) problems.push(`${body}: ${level.next} was due`);
    level.next = number + 1;
    level.points.push(makePoint(point, level));
  }
}

function makePoint(match: RegExpExecArray, level: Level): KtapPoint {
  const [, verdict = "", number, description = "", directive = "", remark = ""] = match;
  const diagnostics = level.diagnostics.splice(0);
  const children = level.unclaimed.splice(0);
  const skip = level.unclaimedSkip;
  level.unclaimedSkip = undefined;
  // kselftest.h writes the name behind the directive: "ok 3 # SKIP name".
  const name = description || remark || `point ${number}`;
  const outcome = outcomeOf(verdict.toLowerCase(), directive.toUpperCase());
  if (outcome === "pass" && skip !== undefined)
    return { name, outcome: "skip", reason: skip, diagnostics, children };
  return { name, outcome, reason: remark, diagnostics, children };
}

function outcomeOf(verdict: string, directive: string): KtapPoint["outcome"] {
  if (directive === "SKIP") return "skip";
  if (directive === "XFAIL" || directive === "TODO") return "xfail";
  return verdict === "ok" && directive === "" ? "pass" : "fail";
}

function checkLevel(level: Level, what: string, problems: string[]): void {
  if (level.plan === undefined) problems.push(`${what}: no plan`);
  else if (level.plan !== level.points.length)
    problems.push(`${what}: planned ${level.plan} points, reported ${level.points.length}`);
  if (level.unclaimed.length > 0)
    problems.push(`${what}: no result for the subtest with ${level.unclaimed[0]?.name}`);
}

/**
 * What a summary counts: the points without children, named by the way to them, and a point that
 * failed although none of its children did (a program that died after its last point).
 */
export function leafPoints(
  points: readonly KtapPoint[],
  path: readonly string[] = [],
): KtapPoint[] {
  return points.flatMap((point) => {
    const way = [...path, point.name];
    const whole = { ...point, name: way.join(" > ") };
    if (point.children.length === 0) return [whole];
    const leaves = leafPoints(point.children, way);
    const explained = leaves.some((leaf) => leaf.outcome === "fail");
    return point.outcome === "fail" && !explained
      ? [...leaves, { ...whole, children: [] }]
      : leaves;
  });
}
