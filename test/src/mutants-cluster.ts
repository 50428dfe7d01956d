// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { tap } from "./mutants-which-test.js";

const STRANGERS =
  "no certificate, a wrong or expired one, another host's name, malformed and huge messages, silence: refused";
const BACK = "after any restart of agent or controller the run goes on";
const SKEW = "version skew is refused by name";
const PLACES = "placement by hand, or spread by vCPUs and memory";
const TYPED = "each verb over gRPC means what it means over the agent's socket";
const APART = "a session on several hosts is one: each makes its part, and what comes out is whole";
const PKI =
  "private keys for their owner alone, nothing overwritten, rotation that leaves all trusted";

const source = (file: string) => `packages/controller/src/${file}`;
const test = (name: string, limitSeconds = 120) =>
  tap(`packages/controller/dist/${name}.test.js`, undefined, limitSeconds);

/** Bugs in controller and agent daemons. */
export const clusterMutants: readonly Mutant[] = [
  {
    name: "whoever does TLS is let in",
    promise: STRANGERS,
    file: source("daemon/secure-listener.ts"),
    find: "if (socket.authorized) accept(socket);",
    replace: "if (socket.authorized || true) accept(socket);",
    command: test("daemon/hostile"),
  },
  {
    name: "an agent is whoever it says it is",
    promise: STRANGERS,
    file: source("daemon/hosts.ts"),
    find: "if (hello.host !== name)",
    replace: "if (hello.host === undefined)",
    command: test("daemon/hostile"),
  },
  {
    name: "a user's certificate does for an agent",
    promise: STRANGERS,
    file: source("daemon/agent-service.ts"),
    find: 'if (role !== "agent")',
    replace: 'if (role === "controller")',
    command: test("daemon/hostile"),
  },
  {
    name: "handshakes that nobody finishes take all places",
    promise: STRANGERS,
    file: source("daemon/secure-listener.ts"),
    find: "    oldest.destroy();\n",
    replace: "",
    command: test("daemon/hostile"),
  },
  {
    name: "messages may be as long as they like",
    promise: STRANGERS,
    file: source("cluster/limits.ts"),
    find: "export const MESSAGE_BYTES = 4 << 20;",
    replace: "export const MESSAGE_BYTES = 1 << 30;",
    command: test("daemon/hostile"),
  },
  {
    name: "a stranger is logged each time",
    promise: STRANGERS,
    file: source("daemon/daemon-log.ts"),
    find: "if (count === 0) this.#say",
    replace: "if (count >= 0) this.#say",
    command: test("daemon/hostile"),
  },
  {
    name: "any version is taken",
    promise: SKEW,
    file: source("version-distance.ts"),
    find: "Math.abs(minor - ownMinor) <= 1",
    replace: "Math.abs(minor - ownMinor) <= 9",
    command: test("daemon/hosts"),
  },
  {
    name: "two agents of one name are both taken",
    promise: STRANGERS,
    file: source("daemon/hosts.ts"),
    find: "host.link?.isOpen && host.link.hello.instance",
    replace: "false && host.link?.hello.instance",
    command: test("daemon/hosts"),
  },
  {
    name: "a drained host is placed on",
    promise: PLACES,
    file: source("daemon/sessions.ts"),
    find: 'condition === "up" && !drained',
    replace: 'condition === "up" || drained',
    command: test("daemon/hosts"),
  },
  {
    name: "memory is promised twice",
    promise: PLACES,
    file: source("daemon/placement.ts"),
    find: "return placedMemoryBytes + wanted <= memoryBytes;",
    replace: "return placedMemoryBytes * 0n + wanted <= memoryBytes;",
    command: test("daemon/placement"),
  },
  {
    name: "a call that comes twice is done twice",
    promise: BACK,
    file: source("host-daemon/call-table.ts"),
    find: "mine.get(id) ?? work()",
    replace: "work()",
    command: test("cluster/cluster-parts"),
  },
  {
    name: "what was asked of an agent that died is not asked again",
    promise: BACK,
    file: source("cluster/run-stream.ts"),
    find: "for (const [id, asked] of this.#asked) if (asked.host === host) this.#send(id);",
    replace: "",
    command: test("daemon/remote-restarts"),
  },
  {
    name: "what was asked of a controller that died is not asked again",
    promise: BACK,
    file: source("cluster/run-stream.ts"),
    find: "for (const id of this.#asked.keys()) this.#send(id);",
    replace: "",
    command: test("daemon/remote-restarts"),
  },
  {
    name: "an agent does not take over what an earlier one left",
    promise: BACK,
    file: source("host-daemon/agent-daemon.ts"),
    find: "    await this.#sessions.adopt();\n",
    replace: "",
    command: test("daemon/remote-restarts"),
  },
  {
    name: "a session without its command line goes on for ever",
    promise: BACK,
    file: source("daemon/sessions.ts"),
    find: "if (host?.link) this.#close(session, host);",
    replace: "if (host?.link && host.drained) this.#close(session, host);",
    command: test("daemon/remote-failures"),
  },
  {
    name: "a long reply is cut to its first piece",
    promise: TYPED,
    file: source("cluster/reply-pieces.ts"),
    find: "last: index === count - 1",
    replace: "last: index === 0",
    command: test("cluster/cluster-parts"),
  },
  {
    name: "what comes over gRPC is not held to the schemas",
    promise: TYPED,
    file: source("cluster/typed-verbs.ts"),
    find: "if (!error) return;",
    replace: "if (!error || value !== undefined) return;",
    command: test("cluster/typed-verbs"),
  },
  {
    name: "a key is for everybody to read",
    promise: PKI,
    file: source("pki/pki-folder.ts"),
    find: "const SECRET = 0o600;",
    replace: "const SECRET = 0o644;",
    command: test("pki/pki"),
  },
  {
    name: "a new authority is trusted alone at once",
    promise: PKI,
    file: source("pki/pki-folder.ts"),
    find: 'const before = readFileSync(this.caFile, "utf8");',
    replace: 'const before = readFileSync(this.caFile, "utf8").slice(0, 0);',
    command: test("pki/pki"),
  },
  {
    name: "each host believes to have all of a session",
    promise: APART,
    file: source("run/span-hosts.ts"),
    find: "return host === self ? each : { ...each, host };",
    replace: "return host === self ? each : { ...each };",
    command: test("daemon/remote-run"),
  },
  {
    name: "each host of a session has a key of its own",
    promise: APART,
    file: source("run/span-hosts.ts"),
    find: "share: { hosts: hosts.length, self, key },",
    replace: "share: { hosts: hosts.length, self, key: Buffer.from(key).fill(self, 0, 1) },",
    command: test("run/spread-agent"),
  },
  {
    name: "a link of others is made here, too",
    promise: APART,
    file: source("agent/share-session.ts"),
    find: ".filter(({ a, b }) => own.has(a) || own.has(b))",
    replace: ".filter(() => true)",
    command: test("agent/share-session"),
  },
  {
    name: "a host is told of itself as of another",
    promise: APART,
    file: source("agent/share-session.ts"),
    find: "if (host === self) continue;",
    replace: "if (host < self - host) continue;",
    command: test("agent/share-session"),
  },
  {
    name: "it is not waited until all hosts stand",
    promise: APART,
    file: source("run/spread-agent.ts"),
    find: "    await this.#rest();\n",
    replace: "    if (refused.length > outcomes.length) await this.#rest();\n",
    command: test("run/spread-agent"),
  },
  {
    name: "what came in is counted where it was sent",
    promise: APART,
    file: source("run/spread-agent.ts"),
    find: "const { received, receivedBytes, late } = receiver;",
    replace: "const { received, receivedBytes, late } = sender;",
    command: test("run/spread-agent"),
  },
  {
    name: "a capture of two hosts is one after the other",
    promise: APART,
    file: source("capture/merge-captures.ts"),
    find: "this.#next.timeNs < next.timeNs",
    replace: "this.#next.timeNs > next.timeNs",
    command: test("capture/merge-captures"),
  },
];
