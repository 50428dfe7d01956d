// SPDX-License-Identifier: Apache-2.0
// `npm test`: runs all test files under tap and ends with the line "N passed, N failed".
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { repoRoot } from "@livestack/lab";
import { countPoints } from "./count-points.js";

const HELP = `usage: npm test [-- [TEXT...]], npm run test:full [-- [TEXT...]]

TEXT: only test files whose path contains one of these.
The full form has the counts of the issues, the short one smaller ones (test/README.md).
`;

/** A lab host boots in seconds, but the longest suite takes thousands of steps on an emulated CPU. */
const FILE_LIMIT_SECONDS = { short: 900, full: 14_400 };

/** Where compiled tests are, and the plain JavaScript ones of what runs before anything is built. */
const PLACES = [
  "tools/setup/test",
  "kernel/spec",
  ...["packages", "tools"].flatMap((dir) =>
    readdirSync(join(repoRoot, dir)).map((name) => join(dir, name, "dist")),
  ),
  "test/dist",
];

function testFiles(texts: readonly string[]): string[] {
  return PLACES.filter((place) => existsSync(join(repoRoot, place)))
    .flatMap((place) =>
      readdirSync(join(repoRoot, place), { recursive: true, encoding: "utf8" }).map((name) =>
        join(place, name),
      ),
    )
    .filter((path) => /\.test\.m?js$/.test(path))
    .filter((path) => texts.length === 0 || texts.some((text) => path.includes(text)))
    .sort();
}

/** Runs tap with its stream passed on as it comes. */
async function runTap(
  files: readonly string[],
  full: boolean,
): Promise<{ status: number; tap: string }> {
  const limit = FILE_LIMIT_SECONDS[full ? "full" : "short"];
  // One file at a time: labs of several at once would only slow each other down.
  const child = spawn(
    "npx",
    ["tap", "--jobs=1", `--timeout=${limit}`, "--reporter=tap", ...files],
    {
      cwd: repoRoot,
      env: { ...process.env, LIVESTACK_TEST_FORM: full ? "full" : "short" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  child.stdout.pipe(process.stdout, { end: false });
  const [tap, status] = await Promise.all([
    text(child.stdout),
    new Promise<number>((done, failed) => {
      child.once("error", failed);
      child.once("close", (code) => done(code ?? 1));
    }),
  ]);
  return { status, tap };
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(HELP);
    return 0;
  }
  const full = args.includes("--full");
  const texts = args.filter((arg) => !arg.startsWith("--"));
  const files = testFiles(texts);
  if (files.length === 0) {
    process.stderr.write(`test: no test file matches ${texts.join(" ")}\n`);
    return 2;
  }
  const { status, tap } = await runTap(files, full);
  const { passed, failed, skipped, todo } = countPoints(tap);
  if (todo > 0) process.stdout.write(`\n${todo} known to fail`);
  const more = skipped > 0 ? `, ${skipped} skipped` : "";
  process.stdout.write(`\n${passed} passed, ${failed} failed${more}\n`);
  return status === 0 && failed === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
