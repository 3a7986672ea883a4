import type { OutgoingReach } from "../../keys/environment/outgoing-reach.ts";

const MAX_LENGTH = 2048;
const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

/** A URL that a tenant gave, in its normal form, or why it cannot be used. */
export type OutgoingUrl = { readonly href: string } | { readonly wrong: string };

/**
 * Parses a URL to which the server is to send requests. It must be an https URL without a user, a password or a fragment, of at most
 * 2048 characters. In development it may be an http URL of this machine.
 */
export function parseOutgoingUrl(
  text: string,
  { allowsLocalHttp }: Pick<OutgoingReach, "allowsLocalHttp">,
): OutgoingUrl {
  if (!URL.canParse(text)) return { wrong: "it is not a URL" };
  const url = new URL(text);
  const isLocal = allowsLocalHttp && LOCAL_HOSTS.includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLocal))
    return { wrong: "it must begin with https://" };
  if (`${url.username}${url.password}${url.hash}` !== "")
    return { wrong: "it must have no user, password or fragment" };
  if (url.href.length > MAX_LENGTH) return { wrong: `it has over ${MAX_LENGTH} characters` };
  return { href: url.href };
}
