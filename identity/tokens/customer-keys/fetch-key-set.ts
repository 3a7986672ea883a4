import type { JWK } from "jose";
import type { OutgoingReach } from "../../../keys/environment/outgoing-reach.ts";
import { usableCustomerKeys } from "../../accounts/customer-keys.ts";
import { parseJwksUrl } from "../../accounts/jwks-url.ts";
import { IdentityError } from "../../identity-error.ts";
import {
  boundedRequest,
  OutgoingError,
  type BoundedAnswer,
  type OutgoingFailure,
} from "../../outgoing/bounded-request.ts";
import type { LookUp } from "../../outgoing/look-up.ts";

/** The longest time for the whole answer. */
const WITHIN_MS = 5_000;
const MAX_BYTES = 64 * 1024;

/** Why a key set could not be fetched. It goes into the logs only, because it describes the server's network. */
export type FetchFailure =
  | OutgoingFailure
  | "redirected" // the answer names another URL
  | "not_ok" // the status is not 200
  | "not_a_key_set"; // not JSON, or not a JWK Set

/**
 * Fetches a JWK Set (RFC 7517) of a tenant's backend. It follows no redirect and uses no proxy. It checks the
 * address that it connects to, so that a host name cannot lead into a private network.
 * @param lookUp finds the addresses of the host; by default it asks the name servers of this machine
 * @returns the keys of the set that can sign customer tokens
 * @throws IdentityError jwks_unavailable, with a `FetchFailure` as its reason; invalid_jwks_url,
 *   invalid_customer_keys if there are too many
 */
export async function fetchKeySet(
  text: string,
  reach: OutgoingReach,
  lookUp?: LookUp,
): Promise<readonly JWK[]> {
  const { status, body } = await ask(new URL(parseJwksUrl(text, reach)), reach, lookUp);
  if (status >= 300 && status < 400) throw unavailable("redirected");
  if (status !== 200) throw unavailable("not_ok");
  try {
    return usableCustomerKeys(JSON.parse(Buffer.from(body).toString()));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw unavailable("not_a_key_set", cause);
    throw cause;
  }
}

async function ask(
  url: URL,
  reach: OutgoingReach,
  lookUp: LookUp | undefined,
): Promise<BoundedAnswer> {
  const headers = { accept: "application/jwk-set+json, application/json" };
  try {
    return await boundedRequest(url, {
      headers,
      reach,
      lookUp,
      withinMs: WITHIN_MS,
      maxBytes: MAX_BYTES,
    });
  } catch (cause) {
    if (cause instanceof OutgoingError) throw unavailable(cause.code, cause);
    throw cause;
  }
}

const unavailable = (failure: FetchFailure, cause?: unknown): IdentityError =>
  new IdentityError(
    "jwks_unavailable",
    "The key set cannot be fetched. The URL must answer with the set itself, with status 200 and within 5 seconds. Ask the operator for the reason in the log.",
    { reasons: [failure], cause },
  );

/**
 * Explains to the operator why a key set could not be fetched.
 * @returns undefined for any other error
 */
export function explainFailedFetch(error: unknown): string | undefined {
  if (!(error instanceof IdentityError) || error.code !== "jwks_unavailable") return undefined;
  const [failure = ""] = error.reasons;
  return (sentences as Readonly<Record<string, string>>)[failure];
}

const sentences: Readonly<Record<FetchFailure, string>> = {
  address_not_allowed:
    "The key set is not fetched, because its host has a private address. Allow the network with OUTGOING_NETWORKS.",
  redirected: "The key set's URL redirects. Give the URL that has the set itself.",
  not_ok: "The key set's URL does not answer with status 200.",
  too_large: `The key set has over ${MAX_BYTES / 1024} KiB.`,
  too_late: `The key set did not arrive within ${WITHIN_MS / 1000} seconds.`,
  unreachable: "The key set's host cannot be reached, or its certificate is not trusted.",
  not_a_key_set: "The key set's URL does not answer with JSON.",
};
