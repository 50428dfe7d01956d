// SPDX-License-Identifier: Apache-2.0
// `npm run test:mutants`: a test proves something only if it can fail. Puts one bug after the other
// into a scratch copy of the code and expects the test that guards against it to go red.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "@livestack/lab";
import { runCommand, stopRunning } from "./mutants-command.js";
import { copyCheckout, type ScratchCopy } from "./mutants-copy.js";
import { judgeMutant, type Mutant, mutate, type Verdict, whyNotGreen } from "./mutants-judge.js";
import { mutants } from "./mutants-list.js";

const HELP = `usage: npm run test:mutants [-- [--filter TEXT]... [--list]]

--filter TEXT  only mutants whose name, file or promise contains TEXT (or another one)
--list         say which mutants there are

Exit status: 0 all were killed; 1 one survived, does not fit the code any more (stale) or proves
nothing (broken); 2 bad usage.
`;

const BUILD_LIMIT_SECONDS = 600;

async function build({ root, env, projects }: ScratchCopy): Promise<string | undefined> {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const argv = ["node", tsc, "-b", "--pretty", "false", ...projects];
  const { status, output } = await runCommand(
    { argv, limitSeconds: BUILD_LIMIT_SECONDS },
    { root, env },
  );
  return status === 0 ? undefined : output.trim().split("\n").slice(0, 10).join("\n");
}

/** What is no TypeScript is compiled by its test, or not at all. */
async function rebuild({ file }: Mutant, copy: ScratchCopy): Promise<string | undefined> {
  return file.endsWith(".ts") ? build(copy) : undefined;
}

/** Commands already seen green on the code as it is; undefined is good news. */
const greens = new Map<string, string | undefined>();

async function checkGreen({ command }: Mutant, copy: ScratchCopy): Promise<string | undefined> {
  const key = JSON.stringify(command);
  if (!greens.has(key)) {
    const outcome = await runCommand(command, copy);
    const why = whyNotGreen(outcome);
    greens.set(key, why && `${why}\n${tail(outcome.output)}`);
  }
  return greens.get(key);
}

async function tryMutant(mutant: Mutant, copy: ScratchCopy): Promise<Verdict> {
  const path = join(copy.root, mutant.file);
  if (!existsSync(path)) return { kind: "stale", why: `${mutant.file}: there is no such file` };
  const original = readFileSync(path, "utf8");
  const mutated = mutate(original, mutant);
  if ("why" in mutated) return { kind: "stale", why: `${mutant.file}: ${mutated.why}` };
  const notGreen = await checkGreen(mutant, copy);
  if (notGreen !== undefined) return { kind: "broken", why: notGreen };
  const verdict = await runMutated(mutant, mutated.text, path, copy);
  writeFileSync(path, original);
  const errors = await rebuild(mutant, copy);
  if (errors !== undefined) throw new Error(`the code does not build again:\n${errors}`);
  return verdict;
}

async function runMutated(
  mutant: Mutant,
  text: string,
  path: string,
  copy: ScratchCopy,
): Promise<Verdict> {
  writeFileSync(path, text);
  const errors = await rebuild(mutant, copy);
  if (errors !== undefined) return { kind: "broken", why: `it does not compile:\n${errors}` };
  const outcome = await runCommand(mutant.command, copy);
  const verdict = judgeMutant(outcome);
  if (verdict.kind !== "broken") return verdict;
  return { ...verdict, why: `${verdict.why}\n${tail(outcome.output)}` };
}

function tail(text: string): string {
  return text.trimEnd().split("\n").slice(-15).join("\n");
}

function describe(verdict: Verdict): string {
  if (verdict.kind === "killed") return `killed by: ${verdict.by}`;
  if (verdict.kind === "survived") return "survived: its test still passes";
  return `${verdict.kind}: ${verdict.why}`;
}

/** @returns whether all were killed */
async function tryAll(chosen: readonly Mutant[], copy: ScratchCopy): Promise<boolean> {
  const errors = await build(copy);
  if (errors !== undefined) throw new Error(`the code as it is does not build:\n${errors}`);
  const counts = { killed: 0, survived: 0, stale: 0, broken: 0 };
  process.stdout.write(`TAP version 14\n1..${chosen.length}\n`);
  for (const [i, mutant] of chosen.entries()) {
    const verdict = await tryMutant(mutant, copy);
    counts[verdict.kind]++;
    const ok = verdict.kind === "killed" ? "ok" : "not ok";
    const remarks = [`promise: ${mutant.promise}`, describe(verdict)].join("\n");
    process.stdout.write(`${remarks.replace(/^/gm, "# ")}\n${ok} ${i + 1} - ${mutant.name}\n`);
  }
  const bad = counts.stale + counts.broken;
  const more = bad > 0 ? `, ${counts.stale} stale, ${counts.broken} broken` : "";
  process.stdout.write(`\n${counts.killed} killed, ${counts.survived} survived${more}\n`);
  return counts.killed === chosen.length;
}

function choose(texts: readonly string[]): readonly Mutant[] {
  if (texts.length === 0) return mutants;
  return mutants.filter(({ name, file, promise }) =>
    texts.some((text) => [name, file, promise].some((part) => part.includes(text))),
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      filter: { type: "string", multiple: true, default: [] },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const chosen = choose(values.filter);
  if (chosen.length === 0) {
    process.stderr.write(`mutants: none has ${values.filter.join(" or ")} in it; see --list\n`);
    return 2;
  }
  if (values.list) {
    for (const { name, file, promise } of chosen)
      process.stdout.write(`${name}\t${file}\t${promise}\n`);
    return 0;
  }
  const copy = copyCheckout();
  for (const [signal, number] of [
    ["SIGINT", 2],
    ["SIGTERM", 15],
    ["SIGHUP", 1],
  ] as const)
    process.once(signal, () => {
      void stopRunning().finally(() => {
        copy.remove();
        process.exit(128 + number);
      });
    });
  try {
    return (await tryAll(chosen, copy)) ? 0 : 1;
  } finally {
    copy.remove();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`mutants: ${messageOf(error)}\n`);
  // parseArgs says by a TypeError what it did not like.
  const badOption = error instanceof TypeError && "code" in error;
  if (badOption) process.stderr.write(HELP);
  process.exitCode = badOption ? 2 : 1;
}
