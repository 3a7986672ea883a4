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
    return isPublic(address) || ipaddr.subnetMatch(address, { allowed }, "refused") === "allowed";
  };
}

/** Global unicast addresses of IPv6 (RFC 4291 section 2.4). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");
/** A public address at which Azure serves its virtual machines, with settings of theirs. */
const AZURE_SERVICES = "168.63.129.16";

const isPublic = (address: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
  address.range() === "unicast" &&
  address.toString() !== AZURE_SERVICES &&
  (address.kind() === "ipv4" || (address as ipaddr.IPv6).match(GLOBAL_UNICAST));

const withPrefix = (network: string): string =>
  network.includes("/") ? network : `${network}/${isIPv4(network) ? 32 : 128}`;
