// SPDX-License-Identifier: Apache-2.0
// Which component has its place on which host. Memory is never promised twice; processors may be, which
// costs wall time only.
import { LivestackError } from "../livestack-error.js";

export interface WantedComponent {
  id: number;
  name: string;
  vcpus: number;
  memoryBytes: bigint;
  /** where it has to be */
  host?: string | undefined;
}

export interface Room {
  host: string;
  cpus: number;
  memoryBytes: bigint;
  /** of components that have their place there already */
  placedVcpus: number;
  placedMemoryBytes: bigint;
}

/**
 * All on one host where they fit, as windows of one host need no network; else the largest first, each to
 * where the fewest vCPUs share a processor.
 * @param hosts those that may be used
 * @returns host by component id
 * @throws LivestackError NO_ROOM
 */
export function placeComponents(
  wanted: readonly WantedComponent[],
  hosts: readonly Room[],
): Map<number, string> {
  const rooms = hosts.map((room) => ({ ...room }));
  const placed = new Map<number, string>();
  const put = (component: WantedComponent, room: Room) => {
    room.placedVcpus += component.vcpus;
    room.placedMemoryBytes += component.memoryBytes;
    placed.set(component.id, room.host);
  };
  for (const each of wanted.filter(({ host }) => host !== undefined))
    put(each, roomByName(each, rooms));
  const free = wanted.filter(({ host }) => host === undefined);
  const one = roomForAll(free, rooms, new Set(placed.values()));
  if (one) for (const each of free) put(each, one);
  else for (const each of largestFirst(free)) put(each, leastLoaded(each, rooms));
  return placed;
}

function roomByName(component: WantedComponent, rooms: readonly Room[]): Room {
  const room = rooms.find(({ host }) => host === component.host);
  if (!room)
    throw new LivestackError("NO_ROOM", `host ${component.host} cannot be used`, {
      place: component.name,
      hint: `\`livestack hosts ls\` says why; ${namesOf(rooms)}`,
    });
  if (hasMemory(room, component.memoryBytes)) return room;
  throw noMemory(component, [room]);
}

/** @param used hosts that the session has components on already: if there are any, only these */
function roomForAll(
  components: readonly WantedComponent[],
  rooms: readonly Room[],
  used: ReadonlySet<string>,
): Room | undefined {
  const vcpus = components.reduce((sum, each) => sum + each.vcpus, 0);
  const memory = components.reduce((sum, each) => sum + each.memoryBytes, 0n);
  const fitting = rooms.filter(
    (room) =>
      (used.size === 0 || used.has(room.host)) &&
      hasMemory(room, memory) &&
      room.placedVcpus + vcpus <= room.cpus,
  );
  return best(fitting, vcpus);
}

function leastLoaded(component: WantedComponent, rooms: readonly Room[]): Room {
  const fitting = rooms.filter((room) => hasMemory(room, component.memoryBytes));
  const room = best(fitting, component.vcpus);
  if (room) return room;
  throw noMemory(component, rooms);
}

/** The first by name of those with the least load. */
function best(rooms: readonly Room[], vcpus: number): Room | undefined {
  const load = ({ placedVcpus, cpus }: Room) => (placedVcpus + vcpus) / Math.max(1, cpus);
  return [...rooms].sort((a, b) => load(a) - load(b) || (a.host < b.host ? -1 : 1))[0];
}

function largestFirst(components: readonly WantedComponent[]): WantedComponent[] {
  return [...components].sort(
    (a, b) => Number(b.memoryBytes - a.memoryBytes) || b.vcpus - a.vcpus || a.id - b.id,
  );
}

function hasMemory({ memoryBytes, placedMemoryBytes }: Room, wanted: bigint): boolean {
  return placedMemoryBytes + wanted <= memoryBytes;
}

function noMemory({ name, memoryBytes }: WantedComponent, rooms: readonly Room[]): LivestackError {
  const mib = (bytes: bigint) => `${bytes >> 20n} MiB`;
  const left = rooms
    .map((room) => `${room.host} ${mib(room.memoryBytes - room.placedMemoryBytes)}`)
    .join(", ");
  return new LivestackError("NO_ROOM", `there is no host with ${mib(memoryBytes)} of memory left`, {
    place: name,
    hint: left === "" ? "no host can be used: see `livestack hosts ls`" : `there is ${left}`,
  });
}

function namesOf(rooms: readonly Room[]): string {
  const names = rooms.map(({ host }) => host).join(", ");
  return names === "" ? "there is no other" : `there is ${names}`;
}
