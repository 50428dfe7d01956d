// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tools } from "@livestack/image";
import { AgentChannel } from "./agent-channel.js";
import { hostFiles, type LabSpec, machineCommand } from "./machine.js";
import { encodeFrame, type Frame, FrameReader, FrameType, words } from "./protocol.js";

const SHARE_ROOT = fileURLToPath(new URL("../share-root.sh", import.meta.url));
const SHARE_LIMIT_MS = 20_000;
const CONSOLE_LINES = 40;
/** Where the kernel, our init or the agent begins to say why the host cannot go on. */
const LAST_WORDS = /^.*(?:Kernel panic|Oops:|BUG: |general protection|lab-init: |lab-agent: )/m;

/** Starts a program that ends with this process, however that ends. */
export function spawnBound(command: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], {
    env: { ...process.env, ...env },
    // A pipe that nobody writes to: vde_switch ends when its input does.
    stdio: ["pipe", "inherit", "inherit"],
  });
}

function consoleText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").replaceAll("\r", "").trimEnd() : "";
}

/** One host of a lab: its root server, its QEMU, the way to its agent and who waits for commands. */
export class LabHost {
  readonly index: number;
  readonly name: string;
  /** set for good once the host has ended */
  gone: string | undefined;
  /** settles when the agent takes commands; rejects when the host ends before that */
  readonly ready: Promise<void>;
  bootMs = 0;

  readonly #spec: LabSpec;
  readonly #dir: string;
  readonly #files: ReturnType<typeof hostFiles>;
  readonly #clients = new Map<Socket, number>();
  readonly #children: ChildProcess[] = [];
  #onChild: (child: ChildProcess) => void = () => {};
  #agent: AgentChannel | undefined;
  #server: Server | undefined;
  #settle: { done: () => void; failed: (error: Error) => void };

  constructor(spec: LabSpec, dir: string, index: number) {
    this.#spec = spec;
    this.#dir = dir;
    this.index = index;
    this.name = `${spec.name}${index}`;
    this.#files = hostFiles(dir, index);
    let settle = { done: () => {}, failed: (_: Error) => {} };
    this.ready = new Promise((done, failed) => {
      settle = { done, failed };
    });
    this.ready.catch(() => {}); // whoever starts the host looks at `gone`
    this.#settle = settle;
  }

  /** Starts the host; `onChild` hears of each process, `onGone` of its end. */
  async start(onChild: (child: ChildProcess) => void, onGone: () => void): Promise<void> {
    this.#onChild = onChild;
    await this.#serveRoot();
    const started = performance.now();
    const qemu = this.#spawn(machineCommand(this.#spec, this.#dir, this.index), tools().env);
    qemu.once("close", (status, signal) => {
      this.#end(this.#reasonOfEnd(status, signal));
      onGone();
    });
    const onHello = (restarted: boolean) => {
      if (restarted) this.#failClients("the agent was started again; the command is lost");
      this.bootMs = Math.round(performance.now() - started);
      this.#settle.done();
    };
    this.#agent = await AgentChannel.connect(
      this.#files.agent,
      onHello,
      () => this.gone !== undefined,
    );
    this.#server = createServer((client) => this.#serve(client)).listen(this.#files.exec);
  }

  /** Ends all processes of the host; resolves when they have gone. */
  async stop(): Promise<void> {
    this.#server?.close();
    const alive = this.#children.filter(
      (child) => child.exitCode === null && child.signalCode === null,
    );
    const ends = alive.map((child) => new Promise((done) => child.once("close", done)));
    for (const child of alive) child.kill("SIGKILL");
    await Promise.all(ends);
  }

  #spawn(command: string[], env: Record<string, string>): ChildProcess {
    const child = spawnBound(command, env);
    child.once("error", (error) => this.#end(`${command[0]}: ${error.message}`));
    this.#children.push(child);
    this.#onChild(child);
    return child;
  }

  async #serveRoot(): Promise<void> {
    const { virtiofsd, env } = tools();
    const root = join(this.#dir, `${this.index}.root`);
    mkdirSync(root);
    const { uid, gid } = userInfo();
    const group = groupName(gid);
    const command = [
      SHARE_ROOT,
      root,
      this.#files.virtiofs,
      group,
      virtiofsd,
      env.LD_LIBRARY_PATH ?? "",
    ];
    // sudo drops the death signal; there virtiofsd goes with the QEMU it serves.
    const server = this.#spawn(uid === 0 ? command : ["sudo", "-n", ...command], {});
    const limit = performance.now() + SHARE_LIMIT_MS;
    while (!existsSync(this.#files.virtiofs)) {
      if (server.exitCode !== null || server.signalCode !== null || performance.now() > limit)
        throw new Error(
          "virtiofsd, which serves this machine's root to the lab host, did not start " +
            "(it needs root, or sudo without a password)",
        );
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  #reasonOfEnd(status: number | null, signal: NodeJS.Signals | null): string {
    const text = consoleText(this.#files.console);
    const words = LAST_WORDS.exec(text);
    if (words) {
      const lines = text.slice(words.index).split("\n").slice(0, CONSOLE_LINES);
      return `it panicked; its last console lines:\n${lines.join("\n")}`;
    }
    const how =
      signal || status ? `its QEMU ended with ${signal ?? `status ${status}`}` : "it powered off";
    const tail = text.split("\n").slice(-CONSOLE_LINES).join("\n");
    return `${how}; its last console lines:\n${tail}`;
  }

  #end(reason: string): void {
    if (this.gone !== undefined) return;
    this.gone = reason;
    this.#settle.failed(new Error(`host ${this.name}: ${reason}`));
    this.#failClients(`host ${this.name}: ${reason}`);
    this.#agent?.destroy();
  }

  #failClients(reason: string): void {
    for (const [client, stream] of this.#clients) {
      client.end(failure(reason));
      this.#agent?.close(stream);
    }
    this.#clients.clear();
  }

  /** One connection is one command: its frames pass through, with the stream's number put in. */
  #serve(client: Socket): void {
    const reader = new FrameReader();
    const agent = this.#agent;
    client.on("error", () => client.destroy());
    if (this.gone !== undefined || !agent) {
      client.end(failure(`host ${this.name}: ${this.gone ?? "it is still booting"}`));
      return;
    }
    const stream = agent.open((frame) => {
      client.write(encodeFrame(0, frame.type, frame.payload));
      if (isLast(frame)) this.#forget(client, stream);
    });
    this.#clients.set(client, stream);
    client.on("data", (piece) => {
      try {
        for (const frame of reader.push(piece)) agent.send(stream, frame.type, frame.payload);
      } catch {
        client.destroy();
      }
    });
    client.once("close", () => {
      if (this.#clients.get(client) !== stream) return;
      agent.send(stream, FrameType.HANGUP, Buffer.alloc(0));
      this.#clients.delete(client);
      agent.close(stream);
    });
  }

  #forget(client: Socket, stream: number): void {
    this.#clients.delete(client);
    this.#agent?.close(stream);
    client.end();
  }
}

function isLast(frame: Frame): boolean {
  return frame.type === FrameType.EXIT || frame.type === FrameType.FAIL;
}

/** Error number 0 says that it is the host that failed, not the command. */
function failure(reason: string): Buffer {
  return encodeFrame(0, FrameType.FAIL, Buffer.concat([words(0), Buffer.from(reason)]));
}

function groupName(gid: number): string {
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((entry) => entry.split(":")[2] === String(gid));
  return line?.split(":")[0] ?? String(gid);
}
