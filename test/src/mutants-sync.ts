// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { selftests, tap } from "./mutants-which-test.js";

type Program = "agree_hosts" | "agree_explore" | "agree_peers" | "agree_fuzz";

/** Bugs in the agreement between hosts: [name, file in kernel/sync, its test, find, replace]. */
function syncMutant(
  promise: string,
  ...[name, file, program, find, replace]: [string, string, Program, string, string]
): Mutant {
  return {
    name,
    promise,
    file: `kernel/sync/${file}`,
    find,
    replace,
    command: tap("test/dist/sync.test.js", program, 180),
  };
}

const WINDOWS = "a window opens when every peer has said so and the messages it counts are there";
const RELIABLE =
  "link data between hosts is reliable and ordered: real loss changes wall time only";
const REPLAY = "a replayed or forged sync packet is refused";
const SILENT = "a silent peer pauses the session, and a new instance is admitted only by name";

const SAME = "what comes of a session is the same on one host and on several";

/** Bugs in the module around the agreement: [name, file in kernel, its self-test, find, replace]. */
function moduleMutant(
  promise: string,
  ...[name, file, program, find, replace]: [string, string, string, string, string]
): Mutant {
  return { name, promise, file: `kernel/${file}`, find, replace, command: selftests(program) };
}

export const syncMutants: readonly Mutant[] = [
  moduleMutant(
    SAME,
    "messages between hosts arrive when they were sent",
    "sync/carry.c",
    "sync_share",
    "far.sequence, far.arrival_ns,",
    "far.sequence, far.send_ns,",
  ),
  moduleMutant(
    SAME,
    "a long message loses its end",
    "sync/carry.c",
    "sync_share",
    "\t\tpeer->have += slot->bytes - before;\n\t} else {",
    "\t\tpeer->have = peer->far.length;\n\t} else {",
  ),
  moduleMutant(
    SAME,
    "the sender's host is not told what was received",
    "sync/carry.c",
    "sync_share",
    "while (all && hub->is_through && ls_share_owes(hub->session, &account)) {",
    "while (0 && ls_share_owes(hub->session, &account)) {",
  ),
  moduleMutant(
    REPLAY,
    "what is not authentic is taken",
    "sync/seal.c",
    "sync_bad",
    "\treturn chacha20poly1305_decrypt(body, packet",
    "\treturn true | chacha20poly1305_decrypt(body, packet",
  ),
  moduleMutant(
    SILENT,
    "nobody is told who is silent",
    "core/share.c",
    "sync_lost",
    "\tsession->awaits = what;\n\tls_session_enter(session, LIVESTACK_STATE_PAUSED",
    "\tsession->awaits = what;\n\tif (0)\n\t\tls_session_enter(session, LIVESTACK_STATE_PAUSED",
  ),
  moduleMutant(
    SILENT,
    "a session that stops on one host does not on the others",
    "sync/hub.c",
    "sync_lost",
    "\t\tls_share_stop(hub->session, who);",
    "\t\t(void)who;",
  ),
  syncMutant(
    WINDOWS,
    "a window opens before the counted messages are there",
    "round.c",
    "agree_explore",
    "\tif (sync->peer[host].stream.received < report->sent)\n\t\treturn LS_SYNC_MESSAGES;\n",
    "",
  ),
  syncMutant(
    WINDOWS,
    "in a tree a host reports before its messages are there",
    "round.c",
    "agree_hosts",
    "sync->config.fanout && ls_sync_unreceived(sync, host)",
    "0 && ls_sync_unreceived(sync, host)",
  ),
  syncMutant(
    WINDOWS,
    "a tree forgets a child",
    "tree.c",
    "agree_explore",
    "\t\tif (above == self)\n",
    "\t\tif (above == self && rank + 1 != count)\n",
  ),
  syncMutant(
    WINDOWS,
    "a round is decided without all reports",
    "round.c",
    "agree_hosts",
    "if (sync->tree.below >> host & 1 && ls_sync_missing(sync, host))",
    "if (host == 1 && sync->tree.below >> host & 1 && ls_sync_missing(sync, host))",
  ),
  syncMutant(
    WINDOWS,
    "a skip goes beyond another host's event",
    "round.c",
    "agree_hosts",
    "\t\tsum.next_ns = ls_sync_earlier(sum.next_ns, report->next_ns);\n",
    "",
  ),
  syncMutant(
    WINDOWS,
    "a skip goes beyond a message under way",
    "round.c",
    "agree_hosts",
    ".next_ns = ls_sync_earlier(sync->next_ns, sync->moving_ns),",
    ".next_ns = sync->next_ns,",
  ),
  syncMutant(
    WINDOWS,
    "windows do not begin by core's rule",
    "round.c",
    "agree_hosts",
    "ls_sync_earlier(ls_sync_later(last_ns, sum->next_ns),",
    "ls_sync_earlier(ls_sync_later(last_ns + 1, sum->next_ns),",
  ),
  syncMutant(
    WINDOWS,
    "a wish for a pause goes no further than its host's neighbours",
    "round.c",
    "agree_peers",
    "\t\tsum.wishes |= report->wishes;\n",
    "",
  ),
  syncMutant(
    WINDOWS,
    "one host's shorter quantum is not heeded",
    "round.c",
    "agree_peers",
    "\t\tsum.quantum_ns = ls_sync_earlier(sum.quantum_ns, report->quantum_ns);\n",
    "",
  ),
  syncMutant(
    RELIABLE,
    "a piece that comes twice is handed over twice",
    "stream.c",
    "agree_explore",
    "\tif (piece->number <= stream->received)\n\t\treturn false;\n",
    "\tif (piece->number <= stream->received)\n\t\tstream->received = piece->number - 1;\n",
  ),
  syncMutant(
    RELIABLE,
    "what is lost is not sent again",
    "stream.c",
    "agree_hosts",
    "\t\tstream->due |= bit;\n\t\tagain++;",
    "\t\tagain++;",
  ),
  syncMutant(
    RELIABLE,
    "pieces are handed over as they come",
    "stream.c",
    "agree_hosts",
    "stream->kept |= 1ULL << ahead;",
    "stream->kept |= 1;",
  ),
  syncMutant(
    RELIABLE,
    "who asks is not answered",
    "exchange.c",
    "agree_hosts",
    "if (body.flags & LS_SYNC_FLAG_ASK || ls_sync_is_behind(sync, from, &body))",
    "if (0 && ls_sync_is_behind(sync, from, &body))",
  ),
  syncMutant(
    RELIABLE,
    "more is under way than there is room for",
    "stream.c",
    "agree_hosts",
    "under_way + (bytes",
    "0 * under_way + (bytes",
  ),
  syncMutant(
    REPLAY,
    "a packet that has been is taken again",
    "replay.c",
    "agree_peers",
    "return !(replay->seen[counter / 64 % LS_SYNC_REPLAY_WORDS] >> counter % 64 & 1);",
    "return true;",
  ),
  syncMutant(
    REPLAY,
    "a packet too old to tell is taken",
    "replay.c",
    "agree_fuzz",
    "!counter || replay->highest - counter >= LS_SYNC_REPLAY_SPAN",
    "!counter",
  ),
  syncMutant(
    REPLAY,
    "a piece longer than its packet is read",
    "packet.c",
    "agree_fuzz",
    "piece->bytes > LS_SYNC_PIECE_MAX || piece->bytes > in->left",
    "piece->bytes > LS_SYNC_PIECE_MAX",
  ),
  syncMutant(
    SILENT,
    "packets of an old instance are taken",
    "exchange.c",
    "agree_peers",
    "header->instance != peer->instance || header->to_instance",
    "header->to_instance",
  ),
  syncMutant(
    SILENT,
    "nobody is told of a silent host",
    "protocol.c",
    "agree_peers",
    "\t\t\tsync->ops->silent(sync, host, ls_sync_awaits(sync, host));\n",
    "",
  ),
  syncMutant(
    SILENT,
    "a report for other hosts than it is to speak of counts",
    "round.c",
    "agree_peers",
    " || report->covers != sync->tree.covers[host]",
    "",
  ),
];
