#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Takes QEMU's command line and is a VMM as far as livestack sees one: QMP, a console, and a guest
// whose agent is a process of this machine. Named by LIVESTACK_QEMU. Words in -append make it fail:
// "fake=silent" has no agent, "fake=exit" ends at once.
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NOBODY = 65534;
const args = process.argv.slice(2);
const line = args[args.indexOf("-append") + 1] ?? "";
const chardev = (id: string) => args.find((arg) => arg.startsWith(`socket,id=${id},`)) ?? "";
const valueIn = (text: string, key: string) =>
  new RegExp(`(?:^|,)${key}=((?:[^,]|,,)*)`).exec(text)?.[1]?.replaceAll(",,", ",") ?? "";

if (line.includes("fake=exit")) {
  process.stderr.write("fake: told to exit\n");
  process.exit(3);
}

const place = mkdtempSync(join(tmpdir(), "livestack-fake-"));
const say = (text: string) => appendFileSync(valueIn(chardev("console"), "logfile"), text);
let qmp: Socket | undefined;

function end(reason: string, status = 0): void {
  const event = { event: "SHUTDOWN", data: { guest: reason.startsWith("guest"), reason } };
  if (qmp) qmp.end(`${JSON.stringify(event)}\n`, () => leave(status));
  else leave(status);
}

function leave(status: number): void {
  endGuest();
  rmSync(place, { recursive: true, force: true });
  process.exit(status);
}

/** Nothing that runs in a guest outlives it. Each command is the first of a group. */
function endGuest(): void {
  if (agent?.pid === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
  const commands = readFileSync(`/proc/${agent.pid}/task/${agent.pid}/children`, "utf8");
  agent.kill("SIGKILL");
  for (const pid of commands.trim().split(" ").filter(Boolean)) {
    try {
      process.kill(-Number(pid), "SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  }
}

createServer((socket) => {
  qmp = socket;
  socket.on("error", () => {});
  socket.write('{"QMP": {"version": {}, "capabilities": []}}\n');
  socket.setEncoding("utf8").on("data", (text: string) => {
    for (const command of text.trim().split("\n")) {
      socket.write('{"return": {}}\n');
      if (JSON.parse(command).execute === "quit") end("host-qmp-quit");
    }
  });
}).listen(valueIn(chardev("qmp"), "path"));

const console_ = createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", (piece) => {
    say(piece.toString());
    socket.write(piece);
  });
}).listen(valueIn(chardev("console"), "path"));
console_.on("error", () => {});

// As QEMU does: what guest and host say goes through us, and both may come and go.
let guest: Socket | undefined;
let host: Socket | undefined;
createServer((socket) => {
  guest = socket;
  socket.on("error", () => {});
  socket.pause();
  socket.on("data", (piece) => host?.write(piece));
  if (host) socket.resume();
  host?.resume();
}).listen(join(place, "guest"), () => {
  chmodSync(place, 0o777);
  chmodSync(join(place, "guest"), 0o777);
  startAgent();
});
createServer((socket) => {
  host = socket;
  socket.on("error", () => {});
  // What it says waits for the guest.
  if (!guest) socket.pause();
  socket.on("data", (piece) => guest?.write(piece));
  socket.on("close", () => {
    host = undefined;
    // The port's other end tells the guest that nobody is there; its agent opens it again.
    guest?.destroy();
    guest = undefined;
  });
  guest?.resume();
}).listen(valueIn(chardev("agent"), "path"));

say("fake: booted\n");
let agent: ChildProcess | undefined;
function startAgent(): void {
  if (line.includes("fake=silent")) return;
  agent = spawn(process.env.LIVESTACK_FAKE_AGENT ?? "", [join(place, "guest")], {
    env: { PATH: `${process.env.PATH}`, FAKE_VMM: String(process.pid) },
    cwd: "/",
    stdio: ["ignore", "inherit", "inherit"],
    // It must not be able to set this machine's clock, whatever it is asked.
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
  });
}

process.on("SIGTERM", () => end("host-signal"));
// The guest powers off, resets or panics by telling its VMM.
process.on("SIGUSR1", () => end("guest-shutdown"));
process.on("SIGUSR2", () => end("guest-reset"));
process.on("SIGWINCH", () => {
  say("Kernel panic - not syncing: fake\n");
  end("guest-reset");
});
setInterval(() => {}, 1 << 30);
