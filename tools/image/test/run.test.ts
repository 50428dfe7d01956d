// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { takeLock } from "#image/lock";
import { capture, runGroup } from "#image/run";

const nullFd = openSync("/dev/null", "r");
t.teardown(() => closeSync(nullFd));

async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    // A zombie counts as gone: it waits for its parent, which is not ours to say.
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : "";
    if (stat === "" || stat.includes(") Z ")) return true;
    await sleep(50);
  }
  return false;
}

t.test("output, input, environment and status of a group", async (t) => {
  const lines: string[] = [];
  const status = await runGroup(["sh", "-c", 'cat; echo "$WHO" >&2; exit 7'], {
    env: { WHO: "me" },
    stdin: "in\n",
    lockFd: nullFd,
    onLine: (line) => lines.push(line),
  });
  t.equal(status, 7);
  t.same(lines.sort(), ["in", "me"]);
});

t.test("a group that is aborted dies with all it started", async (t) => {
  const abort = new AbortController();
  let pid = 0;
  const onLine = (line: string) => {
    pid = Number(line);
    abort.abort();
  };
  const options = { lockFd: nullFd, onLine, signal: abort.signal };
  await t.rejects(runGroup(["sh", "-c", "sleep 1000 & echo $!; wait"], options), {
    code: "aborted",
  });
  t.ok(pid > 0);
  t.ok(await gone(pid));
  await t.rejects(runGroup(["true"], options), { code: "aborted" });
});

t.test("a group dies when this process is killed with -9", async (t) => {
  const run = new URL("../run.js", import.meta.url).href;
  const script = `import { runGroup } from ${JSON.stringify(run)};
    await runGroup(["sh", "-c", "sleep 1000 & echo $!; wait"], { lockFd: 0, onLine: console.log });`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: parent.stdout }), "line");
  t.notOk(await Promise.race([gone(Number(line)), sleep(200, false)]));
  parent.kill("SIGKILL");
  t.ok(await gone(Number(line)));
});

t.test("the lock keeps others out until it is released, and while a child has it", async (t) => {
  const file = path.join(t.testdir(), "lock");
  const isFree = () => spawnSync("flock", ["--nonblock", file, "true"]).status === 0;
  const lock = await takeLock(file, () => t.fail("nobody has it"));
  t.notOk(isFree());

  const abort = new AbortController();
  const waits = new Promise<void>((resolve) => {
    const second = takeLock(file, resolve, abort.signal);
    t.rejects(second, { code: "aborted" });
  });
  await waits;
  abort.abort();

  const child = spawn("sleep", ["1000"], { stdio: ["ignore", "ignore", "ignore", lock.fd] });
  lock.release();
  t.notOk(isFree());
  child.kill("SIGKILL");
  await once(child, "exit");
  t.ok(isFree());
});

t.test("a captured command that fails says which and why", async (t) => {
  await t.rejects(capture(["sh", "-c", "echo it is broken >&2; exit 3"]), {
    code: "build-failed",
    message: /sh -c .* failed: it is broken/,
  });
});
