// SPDX-License-Identifier: Apache-2.0
// Runs inside a lab host: takes commands as JSON on its command line, runs them one after the other
// and prints what each did.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { Kind } from "@livestack/netlink-client";
import { closeShared, livestack, type Outcome, openShared } from "./livestack-here.js";

/** Makes a session of two components with a link for each name. */
async function makeSessions(names: readonly string[]): Promise<Outcome> {
  const client = await openShared();
  for (const name of names) {
    const session = await client.sessionNew({ uuid: randomUUID(), name, quantumNs: 1_500_000n });
    for (const [id, part] of ["client", "server"].entries())
      await client.componentNew({ session, id, name: part, kind: Kind.model });
    await client.linkNew({ session, id: 0, a: 0, b: 1, latencyNs: 2_000_000n });
  }
  const ids = (await client.sessionDump()).map(({ id }) => id);
  return { status: 0, stdout: JSON.stringify(ids), stderr: "" };
}

async function run([name = "", ...args]: readonly string[]): Promise<Outcome> {
  if (name === "livestack") return livestack(args);
  if (name === "make-sessions") return makeSessions(args);
  return spawnSync(name, args, { encoding: "utf8" });
}

const outcomes: Outcome[] = [];
for (const command of JSON.parse(process.argv[2] ?? "[]") as string[][])
  outcomes.push(await run(command));
await closeShared();
process.stdout.write(JSON.stringify(outcomes));
