// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import type { Context } from "../context.js";
import { LivestackError } from "../livestack-error.js";
import { jsonText, type OutputFormat, withOutputFormat } from "../output-format.js";

export function addValidate(program: Command, context: Context): void {
  withOutputFormat(program.command("validate <file>"))
    .description("says whether a scenario file is right, or all that is wrong with it; - is stdin")
    .action(async (file: string, { output }: { output: OutputFormat }) => {
      // YAML and schema take longer to load than all the rest, and few commands need them.
      const { readScenario } = await import("../scenario/read-scenario.js");
      const { invalidJson, validJson, validText } = await import("../scenario/show-scenario.js");
      const isJson = output === "json";
      try {
        const scenario = await readScenario(file, context);
        const text = isJson ? jsonText(validJson(file, scenario)) : validText(file, scenario);
        context.stdout.write(text);
      } catch (thrown) {
        const isInvalid = thrown instanceof LivestackError && thrown.code === "INVALID_SCENARIO";
        if (isJson && isInvalid) context.stdout.write(jsonText(invalidJson(file, thrown)));
        throw thrown;
      }
    });
}
