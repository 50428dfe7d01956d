// SPDX-License-Identifier: Apache-2.0
import { type Command, Option } from "commander";

export type OutputFormat = "text" | "json";

/** Gives a command that shows something its `-o json`, spelled the same everywhere. */
export function withOutputFormat(command: Command): Command {
  const formats: OutputFormat[] = ["text", "json"];
  return command.addOption(
    new Option("-o, --output <format>", "how to print it").choices(formats).default("text"),
  );
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
