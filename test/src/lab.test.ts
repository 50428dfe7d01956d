// SPDX-License-Identifier: Apache-2.0
// A lab of three hosts: commands, their bytes, signals and statuses, and the network between them.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CannotRunError, exec, repoRoot, shellStatus, startCommand } from "@livestack/lab";
import t from "tap";
import { count } from "./form.js";
import { lab, outcomeOf, startLab } from "./lab-command.js";
import { family, networkSockets } from "./processes.js";
import { withLab } from "./with-lab.js";

const HOSTS = 3;
const state = await withLab(t, "exec", { hosts: HOSTS, memoryBytes: 768 << 20 });
const [first = "", second = "", third = ""] = state.hosts.map((host) => host.name);
const sha = (data: Buffer) => createHash("sha256").update(data).digest("hex");

t.test("it is this machine's root and another kernel", async (t) => {
  const { stdout } = await exec(first, ["sh", "-c", "uname -r; hostname; pwd"], {
    directory: repoRoot,
  });
  t.same(stdout.toString().split("\n").slice(0, 3), [
    state.spec.kernel.release,
    first,
    repoRoot.replace(/\/$/, ""),
  ]);
});

t.test("random bytes arrive as they were sent, both ways", async (t) => {
  const bytes = randomBytes(count(5_000_000, 50_000_000));
  const place = mkdtempSync(join(tmpdir(), "livestack-bytes-"));
  t.teardown(() => rmSync(place, { recursive: true }));
  writeFileSync(join(place, "bytes"), bytes);
  const out = await exec(first, ["cat", join(place, "bytes")]);
  t.equal(sha(out.stdout), sha(bytes), "standard output");
  const back = await exec(second, ["sh", "-c", "cat >&2"], { input: bytes });
  t.equal(sha(back.stderr), sha(bytes), "standard input and standard error");
});

t.test("arguments and environment arrive whole", async (t) => {
  const odd = ["", "a b", "$HOME", "'\"\\", "\n\t", "ü€", "-n"];
  const { stdout } = await exec(first, ["printf", "%s\\0", ...odd]);
  t.same(stdout.toString().split("\0").slice(0, -1), odd);
  const env = await exec(first, ["printenv", "ODD"], { env: { PATH: "/usr/bin", ODD: "x=y z" } });
  t.equal(env.stdout.toString(), "x=y z\n");
});

t.test("statuses and signals are the command's own", async (t) => {
  t.equal((await exec(first, ["sh", "-c", "exit 7"])).status, 7);
  t.equal(shellStatus(await exec(first, ["sh", "-c", "kill -9 $$"])), 137);
  await t.rejects(
    exec(first, ["/no/such/program"]),
    new CannotRunError(first, "/no/such/program", 2),
  );
  await t.rejects(
    exec(first, ["true"], { directory: "/no/such" }),
    /cannot run \/no\/such: ENOENT/,
  );
  const asleep = await startCommand(first, {
    argv: ["sh", "-c", "trap 'exit 42' USR1; echo on; while :; do sleep 0.1; done"],
  });
  asleep.stdout.once("data", () => asleep.kill(10));
  t.equal((await asleep.exit).status, 42, "a signal reaches the command");
});

t.test("what is too much to send is said, not lost", async (t) => {
  await t.rejects(
    exec(first, ["echo", "x".repeat(2 ** 20)]),
    /bytes, of which 1048576 can be sent/,
  );
});

t.test("the program `lab exec` passes on statuses and signals", async (t) => {
  t.equal((await lab("exec", first, "--", "sh", "-c", "exit 9")).status, 9);
  t.equal((await lab("exec", first, "--", "no-such-program")).status, 127);
  const child = startLab(["exec", first, "--", "sh", "-c", "echo on; exec sleep 1000"]);
  child.stdout?.once("data", () => child.kill("SIGTERM"));
  t.equal((await outcomeOf(child)).status, 143);
});

t.test("a command whose caller has gone is killed", async (t) => {
  const child = startLab(["exec", first, "--", "sh", "-c", "echo on; exec sleep 4321"]);
  child.stdout?.once("data", () => child.kill("SIGKILL"));
  await outcomeOf(child);
  for (let tries = 0; tries < 50; tries++) {
    const { stdout } = await exec(first, ["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]);
    if (!stdout.includes("sleep 4321")) {
      t.pass("it has gone");
      return;
    }
  }
  t.fail("it still runs");
});

t.test("twenty commands at once keep their inputs and outputs apart", async (t) => {
  const wanted = Array.from({ length: 20 }, (_, i) => randomBytes(1000 * (i + 1)));
  const results = await Promise.all(
    wanted.map((input, i) => exec(first, ["sh", "-c", `cat; exit ${i}`], { input })),
  );
  results.forEach(({ status, stdout }, i) => {
    t.equal(status, i);
    t.ok(stdout.equals(wanted[i] as Buffer), `output of command ${i}`);
  });
});

t.test("a reader that stops stops only its own command", async (t) => {
  const stuck = await startCommand(first, { argv: ["cat", "/dev/zero"] });
  stuck.exit.catch(() => {});
  const { stdout } = await exec(first, ["echo", "still here"]);
  t.equal(stdout.toString(), "still here\n");
  stuck.hangUp();
});

t.test("a terminal has the size it was given", async (t) => {
  const command = await startCommand(first, {
    argv: ["stty", "size"],
    terminal: { rows: 33, columns: 101 },
  });
  let seen = "";
  command.stdout.on("data", (piece) => {
    seen += piece;
  });
  await command.exit;
  t.equal(seen.trim(), "33 101");
});

t.test("the share of this machine's root cannot be written to", async (t) => {
  const script =
    "mkdir -p /probe && mount -t virtiofs host /probe && touch /probe/tmp/livestack-written";
  const { status, stderr } = await exec(first, ["sh", "-c", script]);
  t.not(status, 0);
  t.match(stderr.toString(), /Read-only file system/);
});

t.test("all hosts reach each other by address and by name", async (t) => {
  const server = await startCommand(second, {
    argv: [
      process.execPath,
      "-e",
      "require('net').createServer(s => s.pipe(s)).listen(7000, () => console.log('on'))",
    ],
  });
  server.exit.catch(() => {});
  await new Promise((done) => server.stdout.once("data", done));
  const say = (where: string) =>
    `const s = require('net').connect(7000, '${where}', () => s.end('hello')); s.pipe(process.stdout)`;
  for (const [from, where] of [
    [first, "10.76.0.2"],
    [third, "10.76.0.2"],
    [third, second],
  ] as const) {
    const { stdout } = await exec(from, [process.execPath, "-e", say(where)]);
    t.equal(stdout.toString(), "hello", `${from} to ${where}`);
  }
  server.hangUp();
});

t.test("no process of the lab has a socket that reaches beyond this machine's files", async (t) => {
  const all = family(state.supervisor.pid);
  t.ok(all.length >= 1 + 1 + 2 * HOSTS, "supervisor, switch, and two processes a host");
  t.same(all.flatMap(networkSockets), []);
});
