// SPDX-License-Identifier: Apache-2.0
// How commands ended, in the session's runtime folder: once a guest has told, it does not know any more.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../guest/agent-client.js";
import type { RuntimeFolder } from "../host/session-state.js";
import { writeAtomically } from "../host/write-atomically.js";
import { verbs } from "./protocol.js";

const schema = verbs["command-wait"].answer;

export function keepEnd(runtime: RuntimeFolder, run: string, end: RunResult): void {
  // A run that has been closed meanwhile needs no memory.
  if (!existsSync(runtime.path)) return;
  writeAtomically(fileOf(runtime, run), JSON.stringify(schema.encode(end)));
}

export function keptEnd(runtime: RuntimeFolder, run: string): RunResult | undefined {
  const file = fileOf(runtime, run);
  if (!existsSync(file)) return undefined;
  const { exit, signal, ...end } = schema.decode(JSON.parse(readFileSync(file, "utf8")));
  return { ...end, ...(exit !== undefined && { exit }), ...(signal !== undefined && { signal }) };
}

function fileOf(runtime: RuntimeFolder, run: string): string {
  return join(runtime.path, `ended-${run}.json`);
}
