// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guestAgent } from "@livestack/image";
import type { Test } from "tap";

const NOBODY = 65534;

/**
 * The guest's agent as a process of this machine, and between it and the client what a VMM is there:
 * hosts come and go at one socket, and each time one goes the agent's end tells of it.
 */
export class AgentProcess {
  /** where a client connects */
  readonly path: string;
  /** a folder that the agent may write to */
  readonly folder: string;
  readonly child: ChildProcess;

  readonly #servers: Server[] = [];
  #guest: Socket | undefined;
  #host: Socket | undefined;
  /** while set, what the agent says is taken from it and goes nowhere */
  #swallow = false;

  private constructor(folder: string, program: string, servers: Server[]) {
    this.folder = folder;
    this.path = join(folder, "host");
    this.#servers = servers;
    // Nobody may set this machine's clock or power it off, whatever a test asks for.
    const ids = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    this.child = spawn(program, [join(folder, "guest")], {
      env: { PATH: `${folder}/bin:/usr/bin:/bin`, OWN: "own", FOLDER: folder },
      cwd: "/",
      stdio: ["ignore", "inherit", "inherit"],
      ...ids,
    });
  }

  static async start(t: Test): Promise<AgentProcess> {
    const folder = mkdtempSync(join(tmpdir(), "livestack-agent-"));
    chmodSync(folder, 0o777);
    const bin = join(folder, "bin");
    mkdirSync(bin, { mode: 0o755 });
    const fake = join(bin, "poweroff");
    writeFileSync(fake, '#!/bin/sh\necho off >"$FOLDER/powered"\n');
    chmodSync(fake, 0o755);
    const servers = [createServer(), createServer()];
    const [guest, host] = servers;
    guest?.listen(join(folder, "guest"));
    host?.listen(join(folder, "host"));
    await Promise.all(servers.map((server) => once(server, "listening")));
    chmodSync(join(folder, "guest"), 0o777);
    // Nobody may not enter the cache, which is in a home folder.
    const program = join(bin, "livestack-agent");
    copyFileSync(guestAgent(), program);
    chmodSync(program, 0o755);
    const agent = new AgentProcess(folder, program, servers);
    guest?.on("connection", (socket) => agent.#joinGuest(socket));
    host?.on("connection", (socket) => agent.#joinHost(socket));
    t.teardown(async () => {
      await agent.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    return agent;
  }

  /** What the agent says from now on is lost on the way, until a host connects anew. */
  swallow(): void {
    this.#swallow = true;
  }

  async stop(): Promise<void> {
    const ended = this.child.exitCode !== null || this.child.signalCode !== null;
    const exit = ended ? undefined : once(this.child, "exit");
    if (!ended) this.#killRuns();
    this.child.kill("SIGKILL");
    await exit;
    this.#guest?.destroy();
    this.#host?.destroy();
    for (const server of this.#servers) server.close();
  }

  /** Each run leads a process group, which would outlive the agent. */
  #killRuns(): void {
    const { pid } = this.child;
    const runs = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    for (const run of runs.split(" ").filter(Boolean)) {
      try {
        process.kill(-Number(run), "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  #joinGuest(socket: Socket): void {
    this.#guest = socket;
    socket.on("error", () => socket.destroy());
    socket.on("data", (piece) => {
      if (this.#swallow || !this.#host || this.#host.write(piece)) return;
      socket.pause();
      this.#host.once("drain", () => this.#flow());
    });
    socket.on("close", () => {
      if (this.#guest === socket) this.#guest = undefined;
    });
    this.#flow();
  }

  /** One at a time, as QEMU does. */
  #joinHost(socket: Socket): void {
    if (this.#host) {
      socket.pause();
      this.#host.once("close", () => this.#joinHost(socket));
      return;
    }
    this.#host = socket;
    this.#swallow = false;
    socket.on("error", () => socket.destroy());
    socket.on("data", (piece) => this.#guest?.write(piece));
    socket.on("close", () => {
      if (this.#host === socket) this.#host = undefined;
      this.#guest?.destroy();
      this.#guest = undefined;
    });
    this.#flow();
  }

  /** Whoever is alone waits, and what it says with it. */
  #flow(): void {
    for (const socket of [this.#guest, this.#host])
      if (this.#guest && this.#host) socket?.resume();
      else socket?.pause();
  }
}
