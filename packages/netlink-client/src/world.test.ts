// SPDX-License-Identifier: Apache-2.0
import { test } from "tap";
import { Kind, Place, State } from "./generated/livestack.js";
import type { Component, Link, Session } from "./objects.js";
import { World } from "./world.js";

const session = (id: number, state: State = State.created): Session => ({
  id,
  uuid: `uuid ${id}`,
  name: `session ${id}`,
  quantumNs: 1000n,
  state,
  windows: 0n,
  windowEndNs: 0n,
  components: 0,
  joined: 0,
  awaited: 0,
});
const component = (of: number, id: number, place: Place = Place.absent): Component => ({
  session: of,
  id,
  name: "part",
  kind: Kind.model,
  place,
  clockNs: 0n,
  windows: 0n,
});
const link = (of: number, id: number): Link => ({ session: of, id, a: 0, b: 1, latencyNs: 1n });

test("events make the picture that a list of all would", async (t) => {
  const world = new World();
  world.apply({ type: "resync", data: { sessions: [session(7)], components: [], links: [] } });
  for (const id of [1, 2]) {
    world.apply({ type: "sessionNtf", data: session(id) });
    for (const part of [0, 1]) world.apply({ type: "componentNtf", data: component(id, part) });
    world.apply({ type: "linkNtf", data: link(id, 5) });
    world.apply({ type: "linkNtf", data: link(id, 6) });
  }
  world.apply({ type: "sessionNtf", data: session(2, State.running) });
  world.apply({ type: "componentNtf", data: component(2, 0, Place.joining) });
  world.apply({ type: "componentDelNtf", data: { session: 2, id: 1 } });
  world.apply({ type: "linkDelNtf", data: { session: 2, id: 6 } });
  world.apply({ type: "sessionDelNtf", data: { id: 1, uuid: "uuid 1", name: "session 1" } });
  t.same([...world.sessions.values()], [session(7), session(2, State.running)]);
  t.same([...world.components.values()], [component(2, 0, Place.joining)], "its parts went along");
  t.same([...world.links.values()], [link(2, 5)]);
});

test("a resync leaves nothing of what was known", async (t) => {
  const world = new World();
  world.apply({ type: "sessionNtf", data: session(1) });
  world.apply({ type: "componentNtf", data: component(1, 0) });
  world.apply({ type: "linkNtf", data: link(1, 0) });
  const data = { sessions: [session(2)], components: [component(2, 3)], links: [link(2, 4)] };
  world.apply({ type: "resync", data });
  t.same([...world.sessions.keys()], [2]);
  t.same([...world.components.keys()], ["2/3"]);
  t.same([...world.links.keys()], ["2/4"]);
});
