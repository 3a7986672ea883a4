import { isLoopback } from "../../crypto/wire/secure-url.ts";

const LONGEST = 2_048;

/**
 * Returns whether a device may receive the answer of a provider at this URI: an https URL, http on this
 * machine with any port (RFC 8252 section 7.3), or a scheme of an app (section 7.1). It has no query and
 * no fragment, so that nothing but the answer is in them. It is written as a browser writes it, because the
 * provider compares it character by character.
 */
export function isRedirectUri(text: string): boolean {
  if (text.length > LONGEST || !URL.canParse(text)) return false;
  const url = new URL(text);
  if (text !== url.href || /[?#]/.test(text) || url.username !== "" || url.password !== "")
    return false;
  if (url.protocol === "https:") return true;
  return url.protocol === "http:"
    ? isLoopbackAddress(url)
    : /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(url.protocol);
}

/** `localhost` may be resolved elsewhere (RFC 8252 section 8.3). */
const isLoopbackAddress = (url: URL): boolean => isLoopback(url) && url.hostname !== "localhost";

/** Returns whether the URI is one of the registered ones. On this machine the port does not matter. */
export const isRegistered = (registered: readonly string[], given: string): boolean =>
  isRedirectUri(given) && registered.some((each) => comparable(each) === comparable(given));

function comparable(uri: string): string {
  const url = new URL(uri);
  if (url.protocol === "http:") url.port = "";
  return url.href;
}
