// SPDX-License-Identifier: Apache-2.0
// The controller daemon, put together: TLS and a local socket outside, gRPC inside, state in a folder.
import { mkdirSync, rmSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import {
  createServer as createLocalServer,
  type Server as LocalServer,
  type Socket,
} from "node:net";
import { dirname } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { AgentServiceService } from "@livestack/proto/agent";
import { ControlServiceService } from "@livestack/proto/control";
import { HealthImplementation } from "grpc-health-check";
import type { Certificates } from "../cluster/credentials.js";
import { CHANNEL_OPTIONS } from "../cluster/limits.js";
import { listenForGroup } from "../host/livestack-group.js";
import { agentService } from "./agent-service.js";
import { callerOf, LOCAL_USER } from "./caller.js";
import { type ControlServiceParts, controlService } from "./control-service.js";
import { ControllerState } from "./controller-state.js";
import type { DaemonLog } from "./daemon-log.js";
import { Hosts } from "./hosts.js";
import { metricsText, RefusalCounts, serveMetrics } from "./metrics.js";
import { addReflection } from "./reflection.js";
import { LISTENER_LIMITS, type ListenerLimits, SecureListener } from "./secure-listener.js";
import { Sessions } from "./sessions.js";

export interface Address {
  host: string;
  port: number;
}

export interface ControllerOptions {
  listen: Address;
  certificates: Certificates;
  /** of its state */
  folder: string;
  /** of the local socket; absent: none */
  socket?: string;
  /** absent: none */
  metrics?: Address;
  reflection: boolean;
  /** how often agents are to tell of their hosts' health */
  beatMs: number;
  /** in which an agent has to have said hello */
  helloMs: number;
  /** after which a connection without a call is closed */
  idleMs: number;
  /** after which a session without its command line is ended */
  absentMs: number;
  limits?: ListenerLimits;
}

const DRAIN_MS = 2_000;
const SERVICES = ["", "livestack.agent.v1.AgentService", "livestack.control.v1.ControlService"];

export class Controller {
  readonly hosts: Hosts;
  readonly sessions: Sessions;
  readonly refusals = new RefusalCounts();
  readonly #log: DaemonLog;
  readonly #health: HealthImplementation;
  readonly #servers: Server[] = [];
  /** its state is to be written */
  readonly #changed: () => void;
  #listener: SecureListener | undefined;
  #local: LocalServer | undefined;
  #metrics: HttpServer | undefined;

  private constructor(options: ControllerOptions, log: DaemonLog) {
    this.#log = log;
    const state = new ControllerState(options.folder);
    const kept = state.read();
    this.hosts = new Hosts(kept.hosts, options.beatMs, log);
    const changed = () => {
      const hosts = this.hosts.all().map(({ name, drained }) => ({ name, drained }));
      state.write({ hosts, sessions: this.sessions.kept });
    };
    const { absentMs } = options;
    this.sessions = new Sessions(kept.sessions, { hosts: this.hosts, log, absentMs, changed });
    this.#health = new HealthImplementation(
      Object.fromEntries(SERVICES.map((service) => [service, "SERVING" as const])),
    );
    this.#changed = changed;
  }

  /** @throws LivestackError SYSTEM when its state cannot be read; system errors of sockets */
  static async start(options: ControllerOptions, log: DaemonLog): Promise<Controller> {
    const controller = new Controller(options, log);
    try {
      await controller.#listen(options);
      return controller;
    } catch (error) {
      await controller.close("it could not start");
      throw error;
    }
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get metricsPort(): number {
    const address = this.#metrics?.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  get connections(): number {
    return this.#listener?.connections ?? 0;
  }

  /** Shows another certificate from now on. */
  renew(certificates: Certificates): void {
    this.#listener?.renew(certificates);
  }

  /** Nothing new is taken, peers are told, then all connections end. */
  async close(why: string): Promise<void> {
    for (const service of SERVICES) this.#health.setStatus(service, "NOT_SERVING");
    this.hosts.close(why);
    this.sessions.close();
    await Promise.all(this.#servers.map(shutDown));
    this.#listener?.close();
    this.#local?.close();
    this.#metrics?.close();
    this.#metrics?.closeAllConnections();
  }

  async #listen(options: ControllerOptions): Promise<void> {
    const { listen, certificates, limits = LISTENER_LIMITS, socket, metrics } = options;
    const remote = this.#server(options, callerOf, true);
    const injector = remote.createConnectionInjector(ServerCredentials.createInsecure());
    this.#listener = await SecureListener.listen(
      listen,
      certificates,
      (each) => injector.injectConnection(each),
      this.#log,
      this.refusals,
      limits,
    );
    if (socket !== undefined) await this.#listenLocally(socket, options);
    if (metrics) this.#metrics = await serveMetrics(metrics, () => this.#metricsText());
    this.#log.info(`controller: listens at ${listen.host}:${this.port}`);
  }

  /** Whoever may open the socket is a user; agents have to show who they are. */
  async #listenLocally(path: string, options: ControllerOptions): Promise<void> {
    const server = this.#server(options, () => LOCAL_USER, false);
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    rmSync(path, { force: true });
    const local = createLocalServer((each: Socket) => injector.injectConnection(each));
    this.#local = local;
    await listenForGroup(local, path);
  }

  #server(
    { helloMs, idleMs, reflection }: ControllerOptions,
    identify: ControlServiceParts["identify"],
    takesAgents: boolean,
  ): Server {
    const server = new Server({ ...CHANNEL_OPTIONS, "grpc.max_connection_idle_ms": idleMs });
    const { hosts, sessions } = this;
    const control = { hosts, sessions, identify, changed: this.#changed };
    server.addService(ControlServiceService, controlService(control));
    if (takesAgents) {
      const parts = { hosts, sink: sessions, log: this.#log, helloMs };
      server.addService(AgentServiceService, agentService(parts));
    }
    this.#health.addToServer(server);
    if (reflection) addReflection(server);
    this.#servers.push(server);
    return server;
  }

  #metricsText(): string {
    const { hosts, sessions, refusals } = this;
    return metricsText({ hosts, sessions, refusals, connections: () => this.connections });
  }
}

function shutDown(server: Server): Promise<void> {
  return new Promise((done) => {
    const limit = setTimeout(() => {
      server.forceShutdown();
      done();
    }, DRAIN_MS);
    server.tryShutdown(() => {
      clearTimeout(limit);
      done();
    });
  });
}
