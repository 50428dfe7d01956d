// SPDX-License-Identifier: Apache-2.0
import type { Session } from "@livestack/netlink-client";
import type { Command } from "commander";
import type { Context } from "../context.js";
import { withKernel } from "../kernel-client.js";
import { jsonText, type OutputFormat, withOutputFormat } from "../output-format.js";
import {
  jsonOf,
  type NameOf,
  namesOf,
  numberText,
  stateText,
  timeText,
  waitsForText,
  wordOf,
} from "../session/show.js";
import { textTable } from "../text-table.js";

const HEAD = ["ID", "NAME", "STATE", "MODE", "SIMULATED", "WINDOWS", "COMPONENTS", "WAITS FOR"];

export function addLs(program: Command, context: Context): void {
  withOutputFormat(program.command("ls"))
    .description("the sessions of this host: how far each has come, and whom it waits for")
    .action(({ output }: { output: OutputFormat }) =>
      withKernel(context, async (client) => {
        const sessions = await client.sessionDump();
        const components = await client.componentDump();
        const nameOf = namesOf(components);
        const text =
          output === "json"
            ? jsonText({ schema: "livestack.sessions/1", sessions: jsonOf(sessions) })
            : textTable(
                HEAD,
                sessions.map((session) => row(session, nameOf)),
              );
        context.stdout.write(text);
      }),
    );
}

function row(session: Session, nameOf: NameOf): string[] {
  const { id, name, mode, clockNs, windows, components } = session;
  return [
    numberText(id),
    name,
    stateText(session, nameOf),
    wordOf("mode", mode),
    timeText(clockNs),
    numberText(windows),
    numberText(components),
    waitsForText(session, nameOf),
  ];
}
