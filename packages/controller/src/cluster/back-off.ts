// SPDX-License-Identifier: Apache-2.0
// How long to wait before dialling again: gRPC's own way, doc/connection-backoff.md.

const FACTOR = 1.6;
const JITTER = 0.2;

export interface BackOffLimits {
  firstMs: number;
  mostMs: number;
}

export class BackOff {
  readonly #limits: BackOffLimits;
  readonly #random: () => number;
  #next: number;

  constructor(limits: BackOffLimits, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
    this.#next = limits.firstMs;
  }

  /** Milliseconds; grows with each time until `reset`. */
  next(): number {
    const now = this.#next;
    this.#next = Math.min(this.#limits.mostMs, now * FACTOR);
    // So that all agents of a controller do not dial at one moment.
    return Math.round(now * (1 + JITTER * (2 * this.#random() - 1)));
  }

  reset(): void {
    this.#next = this.#limits.firstMs;
  }
}
