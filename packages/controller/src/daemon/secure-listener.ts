// SPDX-License-Identifier: Apache-2.0
// TLS on the outside of the gRPC server: who does not show a certificate of the cluster's authority, or
// says nothing, does not come as far as HTTP/2. Nobody who dials can take the room of those connected.
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Certificates } from "../cluster/credentials.js";
import type { DaemonLog } from "./daemon-log.js";

export interface ListenerLimits {
  /** connections at once, beyond which new ones are closed */
  connections: number;
  /** of them, those that have not finished their handshake: one more closes the oldest */
  handshakes: number;
  /** milliseconds that a handshake may take */
  handshakeMs: number;
}

export const LISTENER_LIMITS: ListenerLimits = {
  connections: 1024,
  handshakes: 128,
  handshakeMs: 10_000,
};

export interface Refusals {
  /** by what was wrong: "certificate", "handshake", "full", "silent" */
  count(kind: string): void;
}

export class SecureListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** by address and port, in the order in which they came */
  readonly #handshaking = new Map<string, Socket>();
  readonly #limits: ListenerLimits;
  readonly #log: DaemonLog;
  readonly #refusals: Refusals;

  private constructor(server: Server, limits: ListenerLimits, log: DaemonLog, refusals: Refusals) {
    this.#server = server;
    this.#limits = limits;
    this.#log = log;
    this.#refusals = refusals;
    server.maxConnections = limits.connections;
    server.on("connection", (socket: Socket) => this.#take(socket));
    server.on("drop", (data) => this.#refuse(data?.remoteAddress, "full", "too many connections"));
    server.on("tlsClientError", (error, socket) => this.#failed(error, socket));
  }

  /** @param accept gets connections of those that the authority knows */
  static async listen(
    { host, port }: { host: string; port: number },
    certificates: Certificates,
    accept: (socket: TLSSocket) => void,
    log: DaemonLog,
    refusals: Refusals,
    limits = LISTENER_LIMITS,
  ): Promise<SecureListener> {
    const server = createServer({
      ...contextOf(certificates),
      requestCert: true,
      // Looked at below, where it is still known who it was and what was wrong.
      rejectUnauthorized: false,
      // Whoever comes back shows the certificate again: it may have expired.
      secureOptions: constants.SSL_OP_NO_TICKET,
      minVersion: "TLSv1.3",
      ALPNProtocols: ["h2"],
      handshakeTimeout: limits.handshakeMs,
    });
    const listener = new SecureListener(server, limits, log, refusals);
    server.on("secureConnection", (socket) => {
      listener.#handshaking.delete(keyOf(socket));
      if (socket.authorized) accept(socket);
      else listener.#refuseUnknown(socket);
    });
    await new Promise<void>((done, failed) => {
      server.once("error", failed);
      server.listen(port, host, done);
    });
    return listener;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Shows another certificate from now on; those connected stay. */
  renew(certificates: Certificates): void {
    this.#server.setSecureContext(contextOf(certificates));
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    const key = keyOf(socket);
    this.#handshaking.set(key, socket);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#handshaking.delete(key);
    });
    const [oldest] = this.#handshaking.values();
    if (!oldest || this.#handshaking.size <= this.#limits.handshakes) return;
    this.#refuse(oldest.remoteAddress, "silent", "it has not finished its handshake in time");
    oldest.destroy();
  }

  #refuseUnknown(socket: TLSSocket): void {
    const shown = Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
    const why = shown ? certificateError(socket) : "it shows no certificate";
    this.#refuse(socket.remoteAddress, "certificate", why);
    socket.destroy();
  }

  #failed(error: Error, socket: TLSSocket): void {
    const isSilent = /timed? ?out/i.test(error.message);
    const kind = isSilent ? "silent" : "handshake";
    this.#refuse(socket.remoteAddress, kind, reasonOf(error));
    socket.destroy();
  }

  #refuse(peer: string | undefined, kind: string, why: string): void {
    this.#refusals.count(kind);
    this.#log.once(peer ?? "a peer", `${kind} ${why}`, `refused: ${why}`);
  }
}

/** TLS has a socket of its own over that of the connection. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function contextOf({ ca, certificate, key }: Certificates) {
  return { ca, cert: certificate, key };
}

/** "its certificate: CERT_HAS_EXPIRED", in OpenSSL's word. */
function certificateError({ authorizationError }: TLSSocket): string {
  return `its certificate: ${String(authorizationError)}`;
}

/** What OpenSSL and Node say, without the place in their sources. */
function reasonOf(error: Error): string {
  return error.message
    .replace(/^.*:SSL routines:[^:]*:/, "")
    .replace(/:.*$/s, "")
    .trim();
}
