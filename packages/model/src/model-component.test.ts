// SPDX-License-Identifier: Apache-2.0
// What holds without the kernel module; test/src/model.test.ts has the rest, in the lab. A FIFO stands for the
// device: it takes calls, and one that is full lets a call wait for ever.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { ModelComponent, ModelError } from "./index.js";

const place = mkdtempSync(join(tmpdir(), "livestack-model-"));
t.teardown(() => rmSync(place, { recursive: true }));

let fifos = 0;
/** A FIFO of its own, and what keeps its bytes while nobody else has it open. */
function freshFifo(): { device: string; keeper: number } {
  const device = join(place, `fifo-${fifos++}`);
  spawnSync("mkfifo", [device]);
  const keeper = openSync(device, constants.O_RDWR | constants.O_NONBLOCK);
  t.teardown(() => closeSync(keeper));
  return { device, keeper };
}

function fill(keeper: number): void {
  try {
    for (;;) writeSync(keeper, Buffer.alloc(4096));
  } catch (error) {
    if (errorCode(error) !== "EAGAIN") throw error;
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Joins in a process of its own, then runs `script` there, in which `model` is the component. */
async function inProcess(script: string): Promise<{ status: number | null; stdout: string }> {
  const { device, keeper } = freshFifo();
  const index = fileURLToPath(new URL("./index.js", import.meta.url));
  const code = `
    import { ModelComponent } from ${JSON.stringify(index)};
    const model = ModelComponent.join({ session: 1, component: 0, device: ${JSON.stringify(device)} });
    console.log("joined");
    process.stdin.once("data", async () => {${script}});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["pipe", "pipe", "inherit"],
    timeout: 30_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (stdout === "") {
      fill(keeper);
      child.stdin.write("go\n");
    }
    stdout += text;
  });
  const status = await new Promise<number | null>((done) => child.once("close", done));
  return { status, stdout };
}

t.test("without the module, join says what to load", async (t) => {
  const missing = join(place, "nothing");
  const error = t.throws(() =>
    ModelComponent.join({ session: 7, component: 3, device: missing }),
  ) as ModelError;
  t.ok(error instanceof ModelError);
  t.match(error, { code: "ENOENT", errno: 2, hint: /modprobe livestack/ });
  t.match(error.message, /component 3 of session 7: .*nothing: open: ENOENT/);
});

t.test("process.exit() ends a process whose component waits", async (t) => {
  const { status } = await inProcess(`model.wait(5n); setTimeout(() => process.exit(3), 100);`);
  t.equal(status, 3);
});

t.test("an exception does, too", async (t) => {
  const { status } = await inProcess(
    `model.wait(5n); process.on("uncaughtException", () => process.exit(4));
     setTimeout(() => { throw new Error("on purpose"); }, 100);`,
  );
  t.equal(status, 4);
});

t.test("close() ends a wait, and the process then ends by itself", async (t) => {
  const { status, stdout } = await inProcess(
    `setTimeout(() => model.close(), 100);
     await model.wait(5n).catch(({ code, errno, hint }) => console.log(code, errno > 0, hint.length > 0));
     process.stdin.destroy();`,
  );
  t.equal(stdout, "joined\nECANCELED true true\n");
  t.equal(status, 0);
});

t.test("one call at a time, and none after close()", async (t) => {
  const { stdout } = await inProcess(
    `const told = (call) => { try { call(); } catch ({ code }) { console.log(code); } };
     const waits = model.wait(5n).catch(() => {});
     told(() => model.now());
     told(() => model.send(0, Buffer.alloc(1)));
     model.close();
     await waits;
     told(() => model.now());
     model.close();
     process.stdin.destroy();`,
  );
  t.equal(stdout, "joined\nEBUSY\nEBUSY\nENOTCONN\n");
});

t.test("more components than Node's pool can let wait are refused", async (t) => {
  const joined: ModelComponent[] = [];
  t.teardown(() => {
    for (const each of joined) each.close();
  });
  const joinOne = (component: number) =>
    joined.push(ModelComponent.join({ session: 1, component, ...freshFifo() }));
  for (let i = 0; i < 3; i++) joinOne(i);
  t.throws(() => joinOne(3), { code: "POOL_TOO_SMALL", hint: /UV_THREADPOOL_SIZE=5/ });
  joined.pop()?.close();
  joinOne(3);
  t.equal(joined.length, 3, "one that leaves makes room");
});
