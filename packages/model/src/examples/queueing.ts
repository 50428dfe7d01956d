// SPDX-License-Identifier: Apache-2.0
// What client and server have agreed on, here and in C (kernel/selftests/model_client.c, model_server.c): the
// bytes of their messages, and the times that a seed stands for.

/** What the client sends: requests are numbered from 0 on. */
export function encodeRequest(number: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  return bytes;
}

export function decodeRequest(bytes: Buffer): bigint {
  if (bytes.length !== 8) throw new RangeError(`a request of ${bytes.length} bytes, not 8`);
  return bytes.readBigUInt64LE();
}

/** What the server answers; times in ns. */
export interface Answer {
  /** the request's */
  number: bigint;
  /** when the request came */
  arrivedNs: bigint;
  /** how long the server worked on it, without its time in the queue */
  serviceNs: bigint;
}

export function encodeAnswer({ number, arrivedNs, serviceNs }: Answer): Buffer {
  const bytes = Buffer.alloc(24);
  [number, arrivedNs, serviceNs].forEach((value, i) => {
    bytes.writeBigUInt64LE(value, 8 * i);
  });
  return bytes;
}

export function decodeAnswer(bytes: Buffer): Answer {
  if (bytes.length !== 24) throw new RangeError(`an answer of ${bytes.length} bytes, not 24`);
  return {
    number: bytes.readBigUInt64LE(0),
    arrivedNs: bytes.readBigUInt64LE(8),
    serviceNs: bytes.readBigUInt64LE(16),
  };
}

const u64 = (value: bigint) => BigInt.asUintN(64, value);

/** SplitMix64 (Steele, Lea, Flood 2014): the `number`-th value of the series that `seed` begins. */
function draw(seed: bigint, number: bigint): bigint {
  let value = u64(seed + (number + 1n) * 0x9e3779b97f4a7c15n);
  value = u64((value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n);
  value = u64((value ^ (value >> 27n)) * 0x94d049bb133111ebn);
  return value ^ (value >> 31n);
}

/**
 * Time from request `number` - 1, or from 0, to request `number`: up to 2 * `meanNs`, and none at all
 * for every eighth or so, for requests that come together.
 */
export function gapNs(seed: bigint, number: bigint, meanNs: bigint): bigint {
  const value = draw(seed, number);
  return value >> 61n ? 1n + (value % (2n * meanNs)) : 0n;
}

/** How long the server works on the `number`-th request that it takes up: 1 to 2 * `meanNs`. */
export function serviceNs(seed: bigint, number: bigint, meanNs: bigint): bigint {
  return 1n + (draw(seed, number) % (2n * meanNs));
}
