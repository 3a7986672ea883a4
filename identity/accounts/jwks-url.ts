import type { OutgoingReach } from "../../keys/environment/outgoing-reach.ts";
import { IdentityError } from "../identity-error.ts";

const MAX_LENGTH = 2048;
const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Returns the URL of a JWK Set in its normal form. It must be an https URL without a user, a password or a
 * fragment. In development it may be an http URL of this machine.
 * @throws IdentityError invalid_jwks_url
 */
export function parseJwksUrl(
  text: string,
  { allowsLocalHttp }: Pick<OutgoingReach, "allowsLocalHttp">,
): string {
  if (!URL.canParse(text)) throw invalid("it is not a URL");
  const url = new URL(text);
  const isLocal = allowsLocalHttp && LOCAL_HOSTS.includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLocal))
    throw invalid("it must begin with https://");
  if (`${url.username}${url.password}${url.hash}` !== "")
    throw invalid("it must have no user, password or fragment");
  if (url.href.length > MAX_LENGTH) throw invalid(`it has over ${MAX_LENGTH} characters`);
  return url.href;
}

const invalid = (why: string): IdentityError =>
  new IdentityError("invalid_jwks_url", `This URL of a key set cannot be used: ${why}.`);
