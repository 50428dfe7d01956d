// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { ExitStatus, LabError, messageOf } from "./errors.js";
import { exec, startCommand } from "./exec.js";
import { debugWithGdb } from "./gdb.js";
import { type Kernel, resolveKernel } from "./kernels.js";
import { type KtapReport, leafPoints, parseKtap } from "./ktap.js";
import { down, up } from "./lab.js";
import { buildModules, checkModuleName, selftestRunner } from "./modules.js";
import { repoRoot } from "./paths.js";
import { describeSilence, watchSilence } from "./silence.js";
import { listLabs } from "./state.js";

/** Short forms keep the counts small; full ones are the figures of the issues. */
export type TestForm = "short" | "full";

/** The flags of `lab test`. */
export interface TestModuleOptions {
  kernel: string;
  filter: string;
  gdb: boolean;
  exact: boolean;
}

/**
 * Builds a module, loads it in a host that stays up for the next time, and runs its self-tests;
 * their KTAP goes to standard output.
 * @returns exit status: 0 when all points passed and the report is whole
 */
export async function testModule(module: string, options: TestModuleOptions): Promise<number> {
  checkModuleName(module);
  const kernel = await resolveKernel(options.kernel);
  await buildModules(kernel);
  const { exact } = options;
  const host = await warmHost(kernel, exact);
  if (options.gdb) return debugWithGdb(host, kernel, module);
  await refreshHost(host);
  const report = await runSelftests(host, module, {
    filter: options.filter,
    form: "short",
    exact,
    onOutput: (piece) => process.stdout.write(piece),
  });
  return summarise(report);
}

/**
 * Runs a module's self-tests in a host that is up. A host that dies during them, or a runner that
 * fails, is a problem in the report and not an exception: what was reported before still counts.
 */
export async function runSelftests(
  host: string,
  module: string,
  options: {
    filter?: string;
    form: TestForm;
    /** the host is one whose time is counted */
    exact?: boolean;
    onOutput?: (piece: Buffer) => void;
  },
): Promise<KtapReport> {
  const filter = options.filter ? ["--filter", options.filter] : [];
  const full = options.form === "full" ? ["--full"] : [];
  const exact = options.exact ? ["--exact"] : [];
  const argv = [selftestRunner, module, ...filter, ...full, ...exact];
  const command = await startCommand(host, { argv });
  command.stdin.end();
  command.stderr.pipe(process.stderr, { end: false });
  const pieces: Buffer[] = [];
  const seconds = SILENCE_SECONDS[options.form];
  const silence = watchSilence(seconds, () => command.hangUp());
  command.stdout.on("data", (piece: Buffer) => {
    silence.refresh();
    pieces.push(piece);
    options.onOutput?.(piece);
  });
  const problems: string[] = [];
  try {
    const { status, signal } = await command.exit;
    // 1 says that points failed, which the report shows by itself.
    if (signal || status > 1) problems.push(`the self-test runner ended with ${signal || status}`);
  } catch (error) {
    problems.push(silence.over ? await describeSilence(host, seconds) : messageOf(error));
  } finally {
    silence.stop();
  }
  const report = parseKtap(Buffer.concat(pieces).toString());
  return { points: report.points, problems: [...problems, ...report.problems] };
}

/**
 * The runner (kernel/selftests/run) ends a program that hangs after 400 s, 7,200 s in full form, and
 * says where it hung. Who is silent for longer is a host that does not run any more.
 */
const SILENCE_SECONDS = { short: 460, full: 7_500 };

function summarise({ points, problems }: KtapReport): number {
  const leaves = leafPoints(points);
  const count = (outcome: string) => leaves.filter((leaf) => leaf.outcome === outcome).length;
  for (const leaf of leaves)
    if (leaf.outcome === "fail") process.stderr.write(`failed: ${leaf.name}\n`);
  for (const problem of problems) process.stderr.write(`problem: ${problem}\n`);
  process.stderr.write(
    `${count("pass")} passed, ${count("fail")} failed, ${count("skip")} skipped, ` +
      `${count("xfail")} expected to fail\n`,
  );
  return count("fail") > 0 || problems.length > 0 ? 1 : 0;
}

/**
 * Makes a kept host as good as new: a session with gdb leaves its module loaded, and a file that was
 * looked for before it was built stays absent in the overlay's memory until that is dropped.
 */
async function refreshHost(host: string): Promise<void> {
  const script =
    "echo 2 > /proc/sys/vm/drop_caches\n" +
    "for m in $(sed -n 's/^\\(livestack[a-z_]*\\) .*/\\1/p' /proc/modules); do rmmod $m; done";
  const { status, stderr } = await exec(host, ["sh", "-ec", script]);
  if (status !== 0)
    throw new LabError(
      ExitStatus.FAILED,
      `host ${host}: what an earlier run left cannot be undone: ${stderr.toString().trim()}`,
      `end the host: npm run -s lab -- down ${host.slice(0, -1)}`,
    );
}

/**
 * The kept host of a kernel, booted anew if it is not there, has died or is of an older kernel. Each
 * checkout has its own: a host can hold one build of a module at a time.
 */
async function warmHost(kernel: Kernel, exact: boolean): Promise<string> {
  const own = `${repoRoot}\n${kernel.build}`;
  const tag = createHash("sha256").update(own).digest("hex").slice(0, 6);
  const name = `warm-${tag}${exact ? "x" : ""}-k`;
  const lab = listLabs().find((each) => each.spec.name === name);
  if (lab) {
    if (lab.spec.kernel.version === kernel.version && lab.hosts[0]?.phase === "up")
      return `${name}1`;
    await down(name);
  }
  process.stderr.write(`lab: booting ${name}1; it stays up until: lab down ${name}\n`);
  await up({ name, kernel: kernel.label, memoryBytes: 2 ** 31, exact });
  return `${name}1`;
}
