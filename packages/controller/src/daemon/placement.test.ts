// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { placeComponents, type Room, type WantedComponent } from "./placement.js";

const GIB = 1n << 30n;

function room(host: string, cpus: number, gib: number, more: Partial<Room> = {}): Room {
  const none = { placedVcpus: 0, placedMemoryBytes: 0n };
  return { host, cpus, memoryBytes: BigInt(gib) * GIB, ...none, ...more };
}

function guest(id: number, vcpus: number, gib: number, host?: string): WantedComponent {
  return { id, name: `guest${id}`, vcpus, memoryBytes: BigInt(gib) * GIB, host };
}

function hosts(places: Map<number, string>): (string | undefined)[] {
  return [...places.keys()].sort((a, b) => a - b).map((id) => places.get(id));
}

t.test("all go to one host where they fit, the least loaded", async (t) => {
  const rooms = [room("a", 8, 16, { placedVcpus: 4 }), room("b", 8, 16), room("c", 2, 64)];
  t.same(hosts(placeComponents([guest(0, 2, 4), guest(1, 2, 4)], rooms)), ["b", "b"]);
});

t.test(
  "what does not fit on one host is spread by memory, then by vCPUs per processor",
  async (t) => {
    const rooms = [room("a", 4, 8), room("b", 8, 8)];
    const places = placeComponents([guest(0, 2, 2), guest(1, 2, 6), guest(2, 4, 5)], rooms);
    // The largest first: 1 to b, where its vCPUs have most room; 2 to a, as b's memory is taken.
    t.same(hosts(places), ["b", "b", "a"]);
  },
);

t.test("processors may be promised twice, memory never", async (t) => {
  t.same(hosts(placeComponents([guest(0, 16, 1), guest(1, 16, 1)], [room("a", 2, 2)])), ["a", "a"]);
  t.throws(() => placeComponents([guest(0, 1, 1), guest(1, 1, 2)], [room("a", 64, 2)]), {
    code: "NO_ROOM",
    hint: /a 0 MiB/,
  });
  const full = room("a", 4, 4, { placedMemoryBytes: 3n * GIB });
  t.throws(() => placeComponents([guest(0, 1, 2)], [full]), { code: "NO_ROOM", place: "guest0" });
});

t.test("a component goes where it is told to, and the others join it", async (t) => {
  const rooms = [room("a", 8, 16), room("b", 8, 16, { placedVcpus: 7 })];
  const wanted = [guest(0, 2, 4), guest(1, 1, 4, "b")];
  t.same(hosts(placeComponents([guest(0, 1, 4), guest(1, 0, 4, "b")], rooms)), ["b", "b"]);
  t.same(hosts(placeComponents(wanted, rooms)), ["a", "b"], "unless its processors are taken");
  t.throws(() => placeComponents([guest(0, 1, 1, "gone")], rooms), {
    code: "NO_ROOM",
    message: /host gone cannot be used/,
    hint: /there is a, b/,
  });
});

t.test("no host is no room", async (t) => {
  t.throws(() => placeComponents([guest(0, 1, 1)], []), { code: "NO_ROOM", hint: /hosts ls/ });
});

t.test("what is placed depends on nothing but what is asked", async (t) => {
  const rooms = [room("b", 4, 8), room("a", 4, 8)];
  const wanted = [guest(0, 2, 8), guest(1, 2, 8)];
  const places = hosts(placeComponents(wanted, rooms));
  t.same(hosts(placeComponents([...wanted].reverse(), [...rooms].reverse())), places);
  t.equal(rooms[0]?.placedVcpus, 0, "and what is given is not changed");
});
