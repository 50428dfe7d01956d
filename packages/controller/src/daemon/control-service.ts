// SPDX-License-Identifier: Apache-2.0
// livestack.control.v1: what command lines ask of a controller.
import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import {
  type ControlServiceServer,
  type Host as HostMessage,
  HostState,
  type RunSessionRequest,
  type RunSessionResponse,
} from "@livestack/proto/control";
import { statusOf } from "../cluster/rpc-error.js";
import { refuseSkew } from "../cluster/version-skew.js";
import { LivestackError } from "../livestack-error.js";
import { IDENTITY_NAME, type Identity } from "../pki/identity.js";
import { programVersion } from "../program-version.js";
import type { KeptSession } from "./controller-state.js";
import type { Host, HostCondition, Hosts } from "./hosts.js";
import type { RunClient, Sessions } from "./sessions.js";

const STATES: Record<HostCondition, HostState> = {
  unseen: HostState.HOST_STATE_UNSEEN,
  up: HostState.HOST_STATE_UP,
  lost: HostState.HOST_STATE_LOST,
  refused: HostState.HOST_STATE_REFUSED,
};

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, "getAuthContext" | "getPeer">;

export interface ControlServiceParts {
  hosts: Hosts;
  sessions: Sessions;
  /** hosts have come into the inventory, left it, or are to be used otherwise */
  changed: () => void;
  /** @throws LivestackError NOT_TRUSTED */
  identify: (call: AnyCall) => Identity;
}

export function controlService(parts: ControlServiceParts): ControlServiceServer {
  const { hosts, sessions, changed } = parts;
  const answered =
    <Request, Response>(answer: (request: Request) => Response) =>
    (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>) => {
      try {
        userOf(call, parts);
        done(null, answer(call.request));
      } catch (error) {
        done(statusOf(error));
      }
    };
  return {
    listHosts: answered(() => ({
      version: programVersion(),
      hosts: hosts.all().map((host) => messageOf(host, sessions)),
    })),
    addHost: answered(({ name }) => {
      hosts.add(checkName(name));
      changed();
      return {};
    }),
    removeHost: answered(({ name, force }) => {
      refuseUse(name, force ? [] : sessions.on(hosts.get(name).name));
      sessions.leaveHost(hosts.get(name));
      hosts.remove(name);
      changed();
      return {};
    }),
    drainHost: answered(({ name, undo }) => {
      hosts.get(name).drained = !undo;
      changed();
      return { sessions: sessions.on(name).map(placedSession) };
    }),
    runSession: (stream) => serveRun(stream, parts),
  };
}

type RunStream = Parameters<ControlServiceServer["runSession"]>[0];

function serveRun(stream: RunStream, parts: ControlServiceParts): void {
  const { sessions } = parts;
  let uuid: string | undefined;
  const client: RunClient = {
    send: (response: RunSessionResponse) => void (stream.writable && stream.write(response)),
    fail: (error) => void stream.emit("error", statusOf(error)),
  };
  const take = ({ message }: RunSessionRequest) => {
    if (message?.$case === "open" && uuid === undefined) {
      const plan = message.value;
      const user = userOf(stream, parts);
      refuseSkew("this livestack", plan.version);
      const places = sessions.open(plan, user, client);
      uuid = plan.uuid;
      const components = [...places].map(([id, host]) => ({ id, host }));
      client.send({
        message: { $case: "opened", value: { version: programVersion(), components } },
      });
    } else if (message?.$case === "call" && uuid !== undefined) sessions.call(uuid, message.value);
    else
      throw new LivestackError("BAD_REQUEST", "a session is opened once, and first", {
        place: "livestack.control.v1",
      });
  };
  stream.on("data", (request: RunSessionRequest) => {
    try {
      take(request);
    } catch (error) {
      stream.emit("error", statusOf(error));
    }
  });
  const left = () => {
    if (uuid !== undefined) sessions.leave(uuid, client);
  };
  stream.on("error", left);
  stream.on("cancelled", left);
  stream.on("end", () => {
    left();
    stream.end();
  });
}

/** @throws LivestackError NO_PRIVILEGE */
function userOf(call: AnyCall, { identify }: ControlServiceParts): string {
  const { role, name } = identify(call);
  if (role === "user") return name;
  throw new LivestackError("NO_PRIVILEGE", `no ${role} may ask this`, {
    place: `${role} ${name}`,
    hint: "livestack pki issue user NAME",
  });
}

function checkName(name: string): string {
  if (IDENTITY_NAME.test(name)) return name;
  throw new LivestackError("BAD_VALUE", "it is no host's name", {
    place: name,
    hint: "letters, digits, '.', '_' and '-', at most 64",
  });
}

function refuseUse(host: string, sessions: readonly KeptSession[]): void {
  if (sessions.length === 0) return;
  const names = sessions.map(({ name, user }) => `${name} of ${user || "nobody"}`).join(", ");
  throw new LivestackError("HOST_IN_USE", `sessions have components there: ${names}`, {
    place: host,
    hint: `\`livestack hosts drain ${host}\`, wait for them to end; or --force, which loses them`,
  });
}

function messageOf(host: Host, sessions: Sessions): HostMessage {
  const { name, drained, condition, why, version, health, heardMs } = host;
  const { placedVcpus, placedMemoryBytes } = sessions.roomOf(host);
  return {
    ...{ name, drained, state: STATES[condition], why, version, health },
    heardUnixMs: heardMs === undefined ? undefined : BigInt(heardMs),
    sessions: sessions.on(name).map(placedSession),
    ...{ placedVcpus, placedMemoryBytes },
  };
}

function placedSession({ uuid, name, user }: KeptSession) {
  return { uuid, name, user };
}
