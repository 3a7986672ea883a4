import type { LookupAddress } from "node:dns";
import { Resolver } from "node:dns/promises";

/** How long a name server has for one answer, and how often it is asked. */
const ASKED = { timeout: 1_500, tries: 2 };
const LOCALHOST: readonly LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

/** Returns the addresses of a host. It ends at the abort of `signal`. */
export type LookUp = (host: string, signal: AbortSignal) => Promise<readonly LookupAddress[]>;

/**
 * Returns a function that asks the name servers of this machine for A and AAAA records (RFC 1035, RFC 3596). It does
 * not use `dns.lookup`: that occupies one of the few threads of the process until the name server answers, so a
 * dead name server of one tenant would stop every other look-up. The hosts file and search domains do not count.
 * @param options.allowsLocalhost whether `localhost` is this machine without a question
 * @param options.nameServers other name servers, each with its port
 */
export function lookUpWith(options: {
  readonly allowsLocalhost: boolean;
  readonly nameServers?: readonly string[] | undefined;
}): LookUp {
  const { allowsLocalhost, nameServers } = options;
  return async (host, signal) => {
    if (host === "localhost" && allowsLocalhost) return LOCALHOST;
    signal.throwIfAborted();
    const resolver = new Resolver(ASKED);
    if (nameServers !== undefined) resolver.setServers(nameServers);
    const cancel = () => resolver.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      return await bothFamilies(resolver, host);
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  };
}

/** A host may have addresses of one family only. */
async function bothFamilies(resolver: Resolver, host: string): Promise<readonly LookupAddress[]> {
  const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  if (four.status === "rejected" && six.status === "rejected") throw four.reason;
  const of = (found: typeof four, family: 4 | 6) =>
    found.status === "fulfilled" ? found.value.map((address) => ({ address, family })) : [];
  return [...of(four, 4), ...of(six, 6)];
}
