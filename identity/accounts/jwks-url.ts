import type { OutgoingReach } from "../../keys/environment/outgoing-reach.ts";
import { IdentityError } from "../identity-error.ts";
import { parseOutgoingUrl } from "../outgoing/outgoing-url.ts";

/**
 * Returns the URL of a JWK Set in its normal form: see `parseOutgoingUrl`.
 * @throws IdentityError invalid_jwks_url
 */
export function parseJwksUrl(text: string, reach: Pick<OutgoingReach, "allowsLocalHttp">): string {
  const parsed = parseOutgoingUrl(text, reach);
  if ("href" in parsed) return parsed.href;
  throw new IdentityError(
    "invalid_jwks_url",
    `This URL of a key set cannot be used: ${parsed.wrong}.`,
  );
}
