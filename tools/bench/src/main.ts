// SPDX-License-Identifier: Apache-2.0
// `npm run bench`: checks performance claims, each as a ratio measured side by side in one run.
import { ExitStatus, LabError, messageOf } from "@livestack/lab";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { endBenchLabs } from "./bench-lab.js";
import { benches } from "./benches/index.js";
import { describeClaim, interleavedPairs, MIN_PAIRS, type PairedBench } from "./pairs.js";
import { BenchStatus, json, statusOf, table } from "./report.js";

const STATUS_HELP = `
Exit status: 0 all claims hold; 1 one does not, or could not be measured; 2 bad usage; 3 this
machine is not set up (npm run setup); 4 inconclusive: the A/A pairs, which should all be 1, vary by
more than the tolerance, so this run says nothing (try again on a quieter machine).
Spread is (q3 - q1) / median.`;

interface Flags {
  pairs?: number;
  list?: true;
  output: "table" | "json";
}

function pairCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < MIN_PAIRS)
    throw new InvalidArgumentError(`take a whole number, ${MIN_PAIRS} or more.`);
  return count;
}

function chosen(names: readonly string[]): readonly PairedBench[] {
  if (names.length === 0) return benches;
  return names.map((name) => {
    const bench = benches.find((each) => each.name === name);
    if (!bench) {
      const known = benches.map((each) => each.name).join(", ");
      throw new LabError(ExitStatus.USAGE, `${name}: no such bench`, `take of: ${known}`);
    }
    return bench;
  });
}

async function run(names: readonly string[], { pairs, list, output }: Flags): Promise<number> {
  const wanted = chosen(names);
  if (list) {
    for (const { name, promise, claim } of wanted)
      process.stdout.write(`${name}\tratio ${describeClaim(claim)}: ${promise}\n`);
    return BenchStatus.PASS;
  }
  const results = [];
  for (const bench of wanted) {
    const result = await interleavedPairs({ ...bench, pairs: pairs ?? bench.pairs }, (done, of) =>
      process.stderr.write(`${bench.name}: pair ${done} of ${of}\n`),
    );
    results.push(result);
    if (output === "table") process.stdout.write(`${table(result)}\n`);
  }
  if (output === "json") process.stdout.write(json(results));
  return statusOf(results.map(({ verdict }) => verdict));
}

function statusOfError(error: unknown): number {
  // commander has printed its own errors; --help is no error.
  if (error instanceof CommanderError)
    return error.exitCode === 0 ? BenchStatus.PASS : BenchStatus.USAGE;
  process.stderr.write(`bench: ${messageOf(error)}\n`);
  if (!(error instanceof LabError)) return BenchStatus.FAIL;
  if (error.hint) process.stderr.write(`hint: ${error.hint}\n`);
  if (error.status === ExitStatus.USAGE) return BenchStatus.USAGE;
  return error.status === ExitStatus.MACHINE_NOT_READY
    ? BenchStatus.MACHINE_NOT_READY
    : BenchStatus.FAIL;
}

for (const [signal, number] of [
  ["SIGINT", 2],
  ["SIGTERM", 15],
  ["SIGHUP", 1],
] as const)
  process.once(signal, () => void endBenchLabs().finally(() => process.exit(128 + number)));

const program = new Command("bench")
  .description(
    "Checks performance claims: ratios of interleaved pairs, with A/A pairs beside them.",
  )
  .argument("[name...]", "benches to run (default: all)")
  .option("--pairs <n>", `pairs a bench, ${MIN_PAIRS} or more`, pairCount)
  .option("--list", "say which benches there are")
  .addOption(
    new Option("-o, --output <format>", "figures as").choices(["table", "json"]).default("table"),
  )
  .addHelpText("after", STATUS_HELP)
  .exitOverride()
  .showHelpAfterError("(--help says more)")
  .action(async (names: string[], flags: Flags) => {
    process.exitCode = await run(names, flags);
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = statusOfError(error);
}
