// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

interface Process {
  pid: number;
  parent: number;
  command: string;
}

function processes(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        // A zombie is its parent's to reap, not something left over.
        return state === "Z" ? [] : [{ pid: Number(name), parent: Number(parent), command }];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}

/** Commands of running processes that mention `text` (a lab's folder, say). */
export function mentioning(text: string): string[] {
  return processes()
    .filter(({ pid, command }) => pid !== process.pid && command.includes(text))
    .map(({ pid, command }) => `${pid} ${command}`);
}

/** `root` and all its descendants. */
export function family(root: number): number[] {
  const all = processes();
  const found = [root];
  for (const parent of found)
    found.push(...all.filter((each) => each.parent === parent).map(({ pid }) => pid));
  return found;
}

const TABLES = ["tcp", "tcp6", "udp", "udp6", "raw", "raw6", "packet", "icmp", "icmp6"];

/** Sockets of a process that could reach beyond this machine's file system, as "table line". */
export function networkSockets(pid: number): string[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return TABLES.flatMap((table) => {
    const lines = readFileSync(`/proc/${pid}/net/${table}`, "utf8").split("\n").slice(1);
    return lines
      .filter((line) =>
        line
          .trim()
          .split(/\s+/)
          .some((field) => inodes.has(field)),
      )
      .map((line) => `${table} ${line}`);
  });
}
