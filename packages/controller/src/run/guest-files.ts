// SPDX-License-Identifier: Apache-2.0
// Files into guests and out of them, in pieces, through the agent.
import { closeSync, mkdirSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { SessionAgent } from "../agent/session-agent.js";
import { PIECE_BYTES } from "../guest/agent-client.js";
import type { LiveComponent } from "../scenario/scenario.js";
import type { RunFolder } from "./run-folder.js";

/** Names of files are kept up to this. */
const LIST_BYTES = 4 << 20;

export async function putFiles(agent: SessionAgent, { id, files }: LiveComponent): Promise<void> {
  for (const { from, to, mode } of files) {
    const octal = mode === undefined ? statSync(from).mode & 0o7777 : Number.parseInt(mode, 8);
    await putFile(agent, { component: id, from, to, mode: octal });
  }
}

async function putFile(
  agent: SessionAgent,
  { component, from, to, mode }: { component: number; from: string; to: string; mode: number },
): Promise<void> {
  const file = openSync(from, "r");
  try {
    const { size } = statSync(from);
    for (let offset = 0; ; offset += PIECE_BYTES) {
      const piece = Buffer.alloc(Math.min(PIECE_BYTES, Math.max(0, size - offset)));
      const got = readSync(file, piece, 0, piece.length, offset);
      const last = offset + PIECE_BYTES >= size;
      const data = piece.subarray(0, got);
      await agent.ask("guest-put", { component, path: to, data, offset, last, mode });
      if (last) return;
    }
  } finally {
    closeSync(file);
  }
}

/**
 * Fetches what a component is to have collected, files and whole folders.
 * @returns a sentence for each path that could not be fetched
 */
export async function collectFiles(
  agent: SessionAgent,
  { id, name, collect }: LiveComponent,
  folder: RunFolder,
): Promise<string[]> {
  const failures: string[] = [];
  for (const wanted of collect) {
    try {
      for (const path of await filesBelow(agent, id, wanted))
        await getFile(agent, { component: id, path, to: folder.collected(name, path) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      failures.push(`${name}: ${wanted} was not collected: ${why}`);
    }
  }
  return failures;
}

async function filesBelow(agent: SessionAgent, component: number, path: string) {
  const run = ["find", path, "-type", "f", "-print0"];
  const found = await agent.ask("guest-exec", { component, run, keepBytes: LIST_BYTES });
  if (found.exit !== 0) throw new Error(found.stderr.toString().trim() || `find: ${found.exit}`);
  return found.stdout.toString().split("\0").filter(Boolean);
}

async function getFile(
  agent: SessionAgent,
  { component, path, to }: { component: number; path: string; to: string },
): Promise<void> {
  mkdirSync(dirname(to), { recursive: true });
  const file = openSync(to, "w", 0o644);
  try {
    for (let offset = 0; ; ) {
      const { data, end } = await agent.ask("guest-get", { component, path, offset });
      writeSync(file, data);
      offset += data.length;
      if (end) return;
    }
  } finally {
    closeSync(file);
  }
}
