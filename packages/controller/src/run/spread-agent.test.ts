// SPDX-License-Identifier: Apache-2.0
import { Reason, State } from "@livestack/netlink-client";
import t from "tap";
import type { Answer, Params, VerbName } from "../agent/protocol.js";
import type { SessionAgent } from "../agent/session-agent.js";
import { LivestackError } from "../livestack-error.js";
import { SpreadAgent } from "./spread-agent.js";

const SESSION = {
  ...{ id: 1, state: State.running, quantumNs: 1n, clockNs: 10n, windows: 3n, late: 1n },
  ...{ components: 2, joined: 2, awaited: 0 },
};

/** Of one host: each component is told of by both, by its own with more windows. */
function statusOf(own: number, session: Partial<Answer<"status">["session"]>): Answer<"status"> {
  return {
    session: { ...SESSION, ...session },
    components: [0, 1].map((id) => ({ id, place: 1, windows: id === own ? 9n : 0n })),
    fates: [{ component: own, how: "it ended", failed: false }],
  };
}

function statisticsOf(own: number): Answer<"statistics"> {
  const { session, components } = statusOf(own, {});
  // What the other host knows better.
  const far = { sent: 2n, received: 1n };
  const [toA, toB] =
    own === 0
      ? [
          { ...far, received: 50n },
          { ...far, sent: 65n },
        ]
      : [
          { ...far, sent: 55n },
          { ...far, received: 60n },
        ];
  return {
    ...{ session, components, execs: [{ component: own, count: 1 }] },
    links: [{ id: 0, toA, toB }],
    vcpus: [{ component: own, id: 0, windows: 1n, parks: 1n }],
  };
}

function agentOf(answers: Partial<Record<VerbName, unknown>>, asked: string[]): SessionAgent {
  return {
    ask: async (name) => {
      asked.push(name);
      return answers[name] as never;
    },
    close: () => {},
  };
}

function spread(status: [Answer<"status">, Answer<"status">]) {
  const asked: [string[], string[]] = [[], []];
  const agents = new Map(
    (["a", "b"] as const).map((host, own) => [
      host,
      agentOf(
        { status: status[own], statistics: statisticsOf(own), detach: {}, phase: {} },
        asked[own] ?? [],
      ),
    ]),
  );
  const places = new Map([
    [0, "a"],
    [1, "b"],
  ]);
  return { agent: new SpreadAgent(agents, places, [{ id: 0, a: 0, b: 1 }]), asked };
}

t.test("a component's own host is asked, and all hosts about the session", async (t) => {
  const { agent, asked } = spread([statusOf(0, {}), statusOf(1, {})]);
  await agent.ask("detach", { component: 1 });
  await agent.ask("phase", { phase: "run", began: true });
  t.same(asked, [["phase"], ["detach", "phase"]]);
  await t.rejects(agent.ask("detach", { component: 7 }), { code: "NOT_FOUND" });
});

t.test("the session is as far as the host that is furthest behind", async (t) => {
  const { agent } = spread([
    statusOf(0, { clockNs: 20n }),
    statusOf(1, { clockNs: 15n, late: 4n }),
  ]);
  const { session, components, fates } = await agent.ask("status", {});
  t.match(session, { clockNs: 15n, late: 5n, state: State.running });
  t.same(
    components.map(({ windows }) => windows),
    [9n, 9n],
    "each of its own host",
  );
  t.equal(fates.length, 2);
  const paused = spread([statusOf(0, { clockNs: 20n, state: State.paused }), statusOf(1, {})]);
  const stands = await paused.agent.ask("status", {});
  t.equal(stands.session.state, State.paused, "one that stands holds all");
  const why = spread([
    statusOf(0, { state: State.paused, reason: Reason.peer }),
    statusOf(1, { clockNs: 20n, state: State.paused, reason: Reason.silent, silent: "c" }),
  ]);
  const told = await why.agent.ask("status", {});
  t.equal(told.session.silent, "c", "who knows why tells it");
});

t.test("all hosts have to begin, but to stand it is enough that one is told", async (t) => {
  const states: State[] = [State.running, State.running];
  const asked: string[] = [];
  const agentAt = (own: number): SessionAgent => ({
    ask: async (name) => {
      asked.push(`${own} ${name}`);
      if (name === "status") return statusOf(own, { state: states[own] ?? State.running }) as never;
      if (own === 1) throw new LivestackError("WRONG_STATE", "it stands already");
      states.fill(State.paused);
      return {} as never;
    },
    close: () => {},
  });
  const places = new Map([
    [0, "a"],
    [1, "b"],
  ]);
  const agents = new Map([
    ["a", agentAt(0)],
    ["b", agentAt(1)],
  ]);
  const agent = new SpreadAgent(agents, places, []);
  await agent.ask("session-state", { state: State.paused });
  t.same(asked.slice(0, 2), ["0 session-state", "1 session-state"]);
  t.same(asked.slice(2), ["0 status", "1 status"], "until both stand");
  await t.rejects(agent.ask("session-state", { state: State.running }), { code: "WRONG_STATE" });
  agents.set("a", agentAt(1));
  await t.rejects(agent.ask("session-state", { state: State.paused }), { code: "WRONG_STATE" });
});

t.test("what came in at a link's end is counted there, all else where it was sent", async (t) => {
  const { agent } = spread([statusOf(0, {}), statusOf(1, {})]);
  const { links, vcpus, execs } = await agent.ask("statistics", {});
  t.same(links, [{ id: 0, toA: { sent: 55n, received: 50n }, toB: { sent: 65n, received: 60n } }]);
  t.equal(vcpus.length, 2);
  t.equal(execs.length, 2);
});

t.test("hosts of one session get their parts of it, each other, and one key", async (t) => {
  const got: { host: string; name: string; params: unknown }[] = [];
  const agentAt = (host: string, sync?: Answer<"prepare">["sync"]): SessionAgent => ({
    ask: async (name, params) => {
      got.push({ host, name, params });
      return { session: 1, ...(sync && { sync }) } as never;
    },
    close: () => {},
  });
  const end = (instance: bigint) => ({ address: `192.0.2.${instance}:7602`, instance });
  const places = new Map([
    [0, "b"],
    [1, "a"],
    [2, "b"],
  ]);
  const agents = new Map([
    ["b", agentAt("b", end(2n))],
    ["a", agentAt("a", end(1n))],
  ]);
  const plan = { components: [{ id: 0 }, { id: 1 }, { id: 2 }] } as unknown as Params<"prepare">;
  await new SpreadAgent(agents, places, []).ask("prepare", plan);
  t.same(
    got.map(({ host, name }) => `${host} ${name}`),
    ["b prepare", "a prepare", "b start-sync", "a start-sync"],
    "first all are prepared",
  );
  const [forB, forA] = got.slice(0, 2).map(({ params }) => params) as Params<"prepare">[];
  t.same(forA?.components, [{ id: 0, host: 1 }, { id: 1 }, { id: 2, host: 1 }]);
  t.same(forB?.components, [{ id: 0 }, { id: 1, host: 0 }, { id: 2 }]);
  t.same([forA?.share?.self, forB?.share?.self], [0, 1]);
  t.equal(forA?.share?.hosts, 2);
  t.equal(forA?.share?.key.length, 32);
  t.same(forA?.share?.key, forB?.share?.key);
  for (const { params } of got.slice(2))
    t.same(params, {
      peers: [
        { host: "a", end: end(1n) },
        { host: "b", end: end(2n) },
      ],
    });
  const keys = new Set([forA?.share?.key.toString("hex")]);
  got.length = 0;
  await new SpreadAgent(agents, places, []).ask("prepare", plan);
  for (const { params } of got.slice(0, 2))
    keys.add((params as Params<"prepare">).share?.key.toString("hex"));
  t.equal(keys.size, 2, "each session has a key of its own");
  const without = new Map([...agents, ["b", agentAt("b")]]);
  await t.rejects(new SpreadAgent(without, places, []).ask("prepare", plan), {
    code: "VERSION_SKEW",
    place: "b",
  });
  got.length = 0;
  const alone = new SpreadAgent(new Map([["a", agentAt("a")]]), new Map([[0, "a"]]), []);
  await alone.ask("prepare", plan);
  t.same(got, [{ host: "a", name: "prepare", params: plan }], "a host alone agrees with itself");
});
