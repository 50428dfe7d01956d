// SPDX-License-Identifier: Apache-2.0
// An end of a link as it is written: a component, or of a virtual machine an interface, "web:eth0".

/** What a frame has beside its packet: addresses and type, and a VLAN's tag. */
export const ETHERNET_BYTES = 18;

/** Of a virtual machine: eth0 to eth15. */
export const INTERFACES_MAX = 16;

export interface Endpoint {
  component: string;
  /** number of the interface, where one is named */
  port?: number;
}

/** @param text as the schema takes it; of other text the component is what is before a colon */
export function endpointOf(text: string): Endpoint {
  const [component = "", name] = text.split(":");
  const digits = /^eth(\d+)$/.exec(name ?? "")?.[1];
  return { component, ...(digits !== undefined && { port: Number(digits) }) };
}

export function interfaceName(port: number): string {
  return `eth${port}`;
}

/** The lowest number that is not taken; takes it. */
export function nextPort(taken: Set<number>): number {
  let port = 0;
  while (taken.has(port)) port++;
  taken.add(port);
  return port;
}
