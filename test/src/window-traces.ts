// SPDX-License-Identifier: Apache-2.0
// When each of several lab hosts has opened each window of a session, by one clock.
import { createInterface } from "node:readline";
import { startCommand } from "@livestack/lab";
import type { Test } from "tap";
import type { ClusterLab } from "./cluster-lab.js";

const TRACING = "/sys/kernel/tracing";
const ASKED = 30;
const CLOCK =
  "use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC); $| = 1; " +
  'while (<STDIN>) { printf "%.6f\\n", clock_gettime(CLOCK_MONOTONIC) }';

export interface OpenedWindow {
  startNs: string;
  endNs: string;
  /** by the clock of this process, in ms */
  atMs: number;
}

export interface HostTrace {
  host: string;
  windows: OpenedWindow[];
  /** its times are this much too early or too late at most, in ms */
  offMs: number;
}

export async function startTraces(lab: ClusterLab): Promise<void> {
  await lab.onAll(
    [
      `cd ${TRACING} && echo mono >trace_clock && echo 16384 >buffer_size_kb`,
      "echo 1 >events/livestack/ls_window_open/enable && echo >trace && echo 1 >tracing_on",
    ].join(" && "),
  );
}

export function endTraces(lab: ClusterLab): Promise<HostTrace[]> {
  return Promise.all(
    lab.hosts.map(async ({ name: host }) => {
      const off = `echo 0 >${TRACING}/events/livestack/ls_window_open/enable`;
      const text = await lab.sh(host, `${off}; cat ${TRACING}/trace`);
      const { aheadMs, offMs } = await clockOf(host);
      return { host, offMs, windows: windowsOf(text, aheadMs) };
    }),
  );
}

/** From when to when its windows are, in their order. */
export const spansOf = ({ windows }: HostTrace) =>
  windows.map(({ startNs, endNs }) => `${startNs} to ${endNs}`);

/** All have opened the same windows, except that one may have opened the next already. */
export function checkStopped(t: Test, traces: readonly HostTrace[]): void {
  const spans = traces.map(spansOf);
  const counts = spans.map(({ length }) => length);
  const least = Math.min(...counts);
  t.ok(least > 0, "each has opened windows");
  t.ok(Math.max(...counts) <= least + 1, `windows that the hosts have opened: ${counts}`);
  const [one, ...others] = spans.map((opened) => opened.slice(0, least));
  for (const other of others) t.same(other, one, "the same windows");
}

/** "...: 12.345678: ls_window_open: session=1 generation=5 start_ns=1000 end_ns=2000" */
function windowsOf(trace: string, aheadMs: number): OpenedWindow[] {
  const line = /([\d.]+): ls_window_open: .* start_ns=(\d+) end_ns=(\d+)/g;
  return [...trace.matchAll(line)].map(([, at, startNs = "", endNs = ""]) => ({
    ...{ startNs, endNs, atMs: Number(at) * 1000 - aheadMs },
  }));
}

/** By the question that was answered soonest: the clock was read between asking and the answer. */
async function clockOf(host: string): Promise<{ aheadMs: number; offMs: number }> {
  const command = await startCommand(host, { argv: ["perl", "-e", CLOCK] });
  const lines = createInterface({ input: command.stdout })[Symbol.asyncIterator]();
  let best = { aheadMs: Number.NaN, offMs: Number.POSITIVE_INFINITY };
  for (let asked = 0; asked < ASKED; asked++) {
    const beforeMs = performance.now();
    command.stdin.write("\n");
    const there = Number((await lines.next()).value) * 1000;
    const afterMs = performance.now();
    const offMs = (afterMs - beforeMs) / 2;
    if (offMs < best.offMs) best = { aheadMs: there - (beforeMs + afterMs) / 2, offMs };
  }
  command.stdin.end();
  await command.exit;
  return best;
}
