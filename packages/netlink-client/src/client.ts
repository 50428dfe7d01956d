// SPDX-License-Identifier: Apache-2.0
import { getSystemErrorName } from "node:util";
import {
  createGenericNetlink,
  type GenericNetlinkMessage,
  type GenericNetlinkSocket,
  genl,
} from "netlink";
import { decodeAttributes, encodeAttributes, type Values } from "./codec.js";
import {
  ABI,
  attributeSets,
  FAMILY_NAME,
  FAMILY_VERSION,
  operations,
  type VersionGetReply,
} from "./generated/livestack.js";
import { NetlinkError } from "./netlink-error.js";

/** The default of 208 KiB overruns under load, and an overrun ends the process (netlink 0.3.0). */
const SOCKET_BUFFER_BYTES = 4 << 20;
const REPLY_LIMIT_MS = 5_000;

/** Typed calls to the livestack kernel module. Needs no privilege to ask what is loaded. */
export class NetlinkClient {
  readonly #socket: GenericNetlinkSocket;
  readonly #family: number;

  private constructor(socket: GenericNetlinkSocket, family: number) {
    this.#socket = socket;
    this.#family = family;
  }

  /** @throws NetlinkError NOT_LOADED if there is no livestack module in this kernel */
  static async open(): Promise<NetlinkClient> {
    const socket = createGenericNetlink({
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
    });
    try {
      return new NetlinkClient(socket, await resolveFamily(socket));
    } catch (error) {
      socket.socket.close();
      throw error;
    }
  }

  close(): void {
    this.#socket.socket.close();
  }

  /**
   * What is loaded.
   * @throws NetlinkError EPROTONOSUPPORT if module and client are more than one ABI step apart
   */
  async versionGet(): Promise<Required<VersionGetReply>> {
    const { version, abi } = await this.#call(operations.versionGet.id, attributeSets.version, {
      abi: ABI,
    });
    return { version: String(version), abi: Number(abi) };
  }

  async #call(
    operation: number,
    set: Parameters<typeof encodeAttributes>[0],
    values: Values,
  ): Promise<Record<string, number | bigint | string>> {
    const data = encodeAttributes(set, values);
    let replies: GenericNetlinkMessage[];
    try {
      [replies] = await this.#socket.request(this.#family, operation, FAMILY_VERSION, data, {
        timeout: REPLY_LIMIT_MS,
      });
    } catch (error) {
      throw fromPackage(error);
    }
    const [reply] = replies;
    if (!reply) throw new NetlinkError("EBADMSG", "the kernel sent no reply");
    if (reply.cmd === operations.error.id) throw refusal(set, reply.data);
    return decodeAttributes(set, reply.data);
  }
}

async function resolveFamily(socket: GenericNetlinkSocket): Promise<number> {
  try {
    const [family] = await socket.ctrlRequest(
      genl.Commands.GET_FAMILY,
      { familyName: FAMILY_NAME },
      { timeout: REPLY_LIMIT_MS },
    );
    if (family?.familyId !== undefined) return family.familyId;
  } catch (error) {
    const known = fromPackage(error);
    if (known.code !== "ENOENT") throw known;
  }
  throw new NetlinkError("NOT_LOADED", "the livestack kernel module is not loaded", {
    hint: "modprobe livestack, or insmod kernel/build/$(uname -r)/core/livestack.ko from a checkout",
  });
}

function refusal(set: Parameters<typeof encodeAttributes>[0], data: Buffer): NetlinkError {
  const { errno, sentence, attribute } = decodeAttributes(attributeSets.error, data);
  const name = Object.entries(set).find(([, spec]) => spec.id === attribute)?.[0];
  return new NetlinkError(getSystemErrorName(-Number(errno)), String(sentence), {
    attribute: name,
  });
}

/** The package's errors carry their number in the text only. */
function fromPackage(error: unknown): NetlinkError {
  const text = error instanceof Error ? error.message : String(error);
  const code = /Request rejected: (E[A-Z0-9]+)/.exec(text)?.[1];
  if (code)
    return new NetlinkError(code, `the kernel refused the request: ${code}`, { cause: error });
  const timedOut = text.includes("Timeout");
  return new NetlinkError(timedOut ? "ETIMEDOUT" : "EIO", text, { cause: error });
}
