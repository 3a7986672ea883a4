import { isIPv4 } from "node:net";
import ipaddr from "ipaddr.js";

/**
 * Returns a function that says whether the server may connect to an address for a tenant. Public unicast
 * addresses are allowed. Every other address, such as a private or link-local one (RFC 6890), is allowed
 * only if it is in one of `networks`.
 */
export function reachableAddresses(networks: readonly string[]): (address: string) => boolean {
  const allowed = networks.map((network) => ipaddr.parseCIDR(withPrefix(network)));
  return (text) => {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.process(text);
    return (
      address.range() === "unicast" ||
      ipaddr.subnetMatch(address, { allowed }, "refused") === "allowed"
    );
  };
}

const withPrefix = (network: string): string =>
  network.includes("/") ? network : `${network}/${isIPv4(network) ? 32 : 128}`;
