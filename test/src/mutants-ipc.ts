// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { selftests, tap } from "./mutants-which-test.js";

const ARRIVAL = "what is sent arrives at its simulated arrival, and not before";
const WIRE = "a wire takes its time, and loses what it says";
const QUEUE = "no queue is without end, and who finds it full waits";
const STREAM = "a stream comes as it was, with its end";
const RECORD = "a record of a stream is one message";
const COUNTS = "all that was sent is received, dropped or queued";

const LOOP = "nothing goes round for ever";

const CABLES = "taps and bridges are made for a run, and go with it";
const LINKS = "links in the kernel are as the scenario has them";

const runNetwork = tap("packages/controller/dist/run/run-network.test.js");

const way = "kernel/core/way.c";
const wire = "kernel/core/wire.c";
const read = "kernel/ipc/relay_read.c";
const event = "kernel/ipc/event.c";

/** Bugs in ports and wires. */
export const ipcMutants: readonly Mutant[] = [
  {
    name: "a link between sockets has no latency",
    promise: ARRIVAL,
    file: way,
    find: "send_ns, message->size, latency_ns,\n",
    replace: "send_ns, message->size, latency_ns * 0,\n",
    command: selftests("ipc_relay"),
  },
  {
    name: "a component is not waited for until what arrived is there",
    promise: ARRIVAL,
    file: "kernel/core/component.c",
    find: "LS_MEMBER_RUNNING && !component->busy_ports) ||",
    replace: "LS_MEMBER_RUNNING) ||",
    command: selftests("ipc_relay"),
  },
  {
    name: "a rate takes no time",
    promise: WIRE,
    file: wire,
    find: "wire->busy_ns = start_ns + ls_wire_takes_ns(wire, bytes);",
    replace: "wire->busy_ns = start_ns + 0 * ls_wire_takes_ns(wire, bytes);",
    command: selftests("ipc_net"),
  },
  {
    name: "what is lost is not the same with the same seed",
    promise: WIRE,
    file: wire,
    find: "{ .random = seed };",
    replace: "{ .random = seed + (u64)wire };",
    command: selftests("ipc_net"),
  },
  {
    name: "a queue has always room",
    promise: QUEUE,
    file: way,
    find: "return ls_way_load(way) < queue_bytes;",
    replace: "return ls_way_load(way) < queue_bytes || true;",
    command: selftests("ipc_event"),
  },
  {
    name: "nobody is told that there is room again",
    promise: QUEUE,
    file: way,
    find: "\tif (way->waits)\n\t\tls_port_resume(way);\n",
    replace: "",
    command: selftests("ipc_relay"),
  },
  {
    name: "what a closed port does not take is not counted",
    promise: COUNTS,
    file: way,
    find: "\tls_way_unload(way, message);\n\tls_way_drop(way, message->length, LS_WIRE_CARRIED);\n",
    replace: "\tls_way_unload(way, message);\n",
    command: selftests("ipc_relay"),
  },
  {
    name: "what arrived at a port that is closed stays on its link",
    promise: COUNTS,
    file: "kernel/core/port.c",
    find: "\tlist_for_each_entry(message, &port->arrived, arrived)\n\t\tls_way_forget(port->in, message);\n",
    replace: "",
    command: selftests("ipc_soak"),
  },
  {
    name: "what a device has no room for is dropped and not counted",
    promise: COUNTS,
    file: "kernel/ipc/netdev.c",
    find: "\tls_port_drop(&own->port, length, err == -ENOBUFS || err == -ENOMEM);\n",
    replace: "",
    command: selftests("ipc_full_rest"),
  },
  {
    name: "a port does not read on when there is room",
    promise: QUEUE,
    file: "kernel/ipc/relay.c",
    find: "\tmod_delayed_work(system_unbound_wq, &ls_relay_of(port)->read, 0);\n",
    replace: "\tls_port_resumed(port);\n",
    command: selftests("ipc_full"),
  },
  {
    name: "who waits to signal an eventfd is not woken",
    promise: QUEUE,
    file: event,
    find: "\twake_up_locked_poll(event->head, EPOLLOUT);\n",
    replace: "",
    command: selftests("ipc_full_rest"),
  },
  {
    name: "datagrams are read that there is no room for",
    promise: QUEUE,
    file: "kernel/ipc/relay_packet.c",
    find: "while (ls_packets_send_rest(relay) && ls_relay_room(relay)) {",
    replace: "while (ls_packets_send_rest(relay)) {",
    command: selftests("ipc_udp"),
  },
  {
    name: "sockets that are connected to each other are a link's two ends",
    promise: LOOP,
    file: "kernel/ipc/relay.c",
    find: "if (ls_relay_is_loop(place, sock))",
    replace: "if (ls_relay_is_loop(place, sock) && !sock)",
    command: selftests("ipc_bad"),
  },
  {
    name: "an eventfd that one end signals is read by the other",
    promise: LOOP,
    file: event,
    find: "(event->out && event->out == other->in)",
    replace: "false",
    command: selftests("ipc_bad"),
  },
  {
    name: "who sets a latency below a window is not told how long windows are",
    promise: LINKS,
    file: "packages/controller/src/commands/link.ts",
    find: 'code !== "ERANGE"',
    replace: 'code !== "EDOM"',
    command: tap("packages/controller/dist/session/session-commands.test.js"),
  },
  {
    name: "interfaces stay when a run has ended",
    promise: CABLES,
    file: "packages/controller/src/agent/host-agent.ts",
    find: "await attempt(removeInterfaces(this.#state.interfaces, this.#place.runIp));",
    replace: "",
    command: runNetwork,
  },
  {
    name: "a link's device is not on the bridge of its tap",
    promise: CABLES,
    file: "packages/controller/src/agent/cabling.ts",
    find: "...[tap, device].map((name) => `link set",
    replace: "...[tap].map((name) => `link set",
    command: runNetwork,
  },
  {
    name: "the way back is as the way there",
    promise: LINKS,
    file: "packages/controller/src/scenario/resolve-links.ts",
    find: "toA: wayOf({ ...link, ...given(back ?? {}) }, isWire),",
    replace: "toA: wayOf(link, isWire),",
    command: runNetwork,
  },
  {
    name: "a stream is not cut to what its wire takes",
    promise: STREAM,
    file: read,
    find: "min(length, ls_port_piece(&relay->port))",
    replace: "length",
    command: selftests("ipc_tcp"),
  },
  {
    name: "a connection that was broken off has ended",
    promise: STREAM,
    file: read,
    find: "READ_ONCE(relay->reset) ? LS_CARGO_RESET : LS_CARGO_END",
    replace: "LS_CARGO_END",
    command: selftests("ipc_tcp"),
  },
  {
    name: "a record is one as soon as some of it is there",
    promise: RECORD,
    file: "kernel/ipc/record.h",
    find: "record->have == LS_RECORD_PREFIX + record->length",
    replace: "record->have > LS_RECORD_PREFIX",
    command: selftests("ipc_framed"),
  },
  {
    name: "what a process is being given goes with a port that is closed meanwhile",
    promise: COUNTS,
    file: "kernel/core/message.c",
    find: "if (message->way != way || message == component->held)",
    replace: "if (message->way != way)",
    command: selftests("ipc_taken"),
  },
  {
    name: "what could not be given stays where no port finds it",
    promise: COUNTS,
    file: "kernel/core/message.c",
    find: "	component->held = NULL;\n	/* Its end may",
    replace: "	/* Its end may",
    command: selftests("ipc_taken"),
  },
  {
    name: "a stream that begins before its link is lost",
    promise: STREAM,
    file: "kernel/core/port.c",
    find: "return !ls_way_is_early(port->out) &&\n	       ls_way",
    replace: "return ls_way",
    command: selftests("ipc_relay"),
  },
  {
    name: "a stream that begins before time does waits for it",
    promise: STREAM,
    file: "kernel/core/way.c",
    find: "way->stream && !window->generation ? way->latency_ns : way->earlier_ns",
    replace: "way->earlier_ns",
    command: selftests("ipc_relay"),
  },
];
