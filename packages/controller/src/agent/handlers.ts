// SPDX-License-Identifier: Apache-2.0
// The agent's verbs and what each does. Who carries them, socket or gRPC, is not known here.
import { LivestackError } from "../livestack-error.js";
import { programVersion } from "../program-version.js";
import type { HostAgent } from "./host-agent.js";
import { makeDisks } from "./make-disks.js";
import { AGENT_PROTOCOL, type Handlers } from "./protocol.js";

const SIGKILL = 9;

export function handlersOf(agent: HostAgent): Handlers {
  return {
    hello: async ({ version }) => {
      if (version !== AGENT_PROTOCOL) throw otherVersion(version);
      return { version: AGENT_PROTOCOL, program: programVersion(), uuid: agent.uuid };
    },
    status: () => agent.status(),
    statistics: () => agent.statistics(),
    prepare: (plan) => agent.prepare(plan),
    "start-sync": async (plan) => {
      await agent.startSync(plan);
      return {};
    },
    "make-disks": async (plan) => {
      await makeDisks(plan);
      return {};
    },
    boot: (plan) => agent.boot(plan),
    "model-start": (plan) => agent.startModel(plan),
    "models-joined": async ({ limitMs }) => {
      await agent.modelsJoined(limitMs);
      return {};
    },
    "guest-connect": async ({ component, limitMs }) => {
      await agent.liveMember(component).guest.connect(limitMs);
      return {};
    },
    "guest-exec": (request) => agent.exec(request),
    "guest-put": async ({ component, path, ...piece }) => {
      await agent.liveMember(component).guest.ask((guest) => guest.putPiece(path, piece));
      return {};
    },
    "guest-get": ({ component, path, offset }) =>
      agent.liveMember(component).guest.ask((guest) => guest.getPiece(path, offset)),
    attach: (request) => agent.attach(request),
    detach: async ({ component }) => {
      await agent.detach(component);
      return {};
    },
    "commands-start": async (request) => agent.startCommands(request),
    "command-wait": (request) => agent.waitForCommand(request),
    "command-kill": async ({ component, run }) => {
      await agent.liveMember(component).guest.ask((guest) => guest.kill(run, SIGKILL));
      return {};
    },
    "session-state": async ({ state }) => {
      await agent.setState(state);
      return {};
    },
    "captures-end": async () => ({ captures: await agent.captures.end() }),
    phase: async (request) => {
      agent.setPhase(request);
      return {};
    },
    close: async () => {
      await agent.close();
      return {};
    },
  };
}

function otherVersion(version: number): LivestackError {
  return new LivestackError(
    "BAD_REQUEST",
    `the session's agent speaks version ${AGENT_PROTOCOL}, not ${version}`,
    { hint: "use the livestack that the session was started with" },
  );
}
