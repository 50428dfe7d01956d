// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import type { Context } from "../context.js";
import { examine, type Report } from "../doctor/examine.js";
import { Machine } from "../doctor/machine.js";
import { LivestackError } from "../livestack-error.js";
import { jsonText, type OutputFormat, withOutputFormat } from "../output-format.js";
import { printable } from "../printable.js";

interface Options {
  output: OutputFormat;
  deep: boolean;
}

export function addDoctor(program: Command, context: Context): void {
  withOutputFormat(program.command("doctor"))
    .description("what this machine lacks to run LiveStack, and how to mend it")
    .option("--deep", "also have QEMU make a virtual machine, in which nothing is booted", false)
    .action(async ({ output, deep }: Options) => {
      const { root, checkout, askModule } = context;
      const { node } = process.versions;
      const machine = new Machine({ root, checkout, askModule, node, qemu: "qemu-system-x86_64" });
      const report = await examine(machine, { deep });
      context.stdout.write(output === "json" ? jsonText(report) : reportText(report));
      if (report.summary.fail > 0) throw unfit(report);
    });
}

function unfit({ checks }: Report): LivestackError {
  const failed = checks.filter(({ outcome }) => outcome === "FAIL").map(({ id }) => id);
  return new LivestackError("UNFIT", `this machine does not pass ${failed.join(", ")}`, {
    hint: "the report has a remedy for each; docs/doctor.md says more",
  });
}

function reportText({ checks, summary }: Report): string {
  const width = Math.max(...checks.map(({ id }) => id.length));
  const indent = " ".repeat("PASS  ".length);
  const lines = checks.flatMap(({ id, group, outcome, fact, remedy }, index) => {
    const line = `${outcome}  ${id.padEnd(width)}  ${fact}`;
    const first = index > 0 && checks[index - 1]?.group !== group;
    const remedies = remedy === null ? [] : [`${indent}${" ".repeat(width)}  -> ${remedy}`];
    return [...(first ? [""] : []), line, ...remedies];
  });
  const { pass, warn, fail } = summary;
  return `${lines.map(printable).join("\n")}\n\n${pass} passed, ${warn} warnings, ${fail} failed\n`;
}
