import { get as getOverHttp, type IncomingMessage } from "node:http";
import { get as getOverHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { callbackify } from "node:util";
import type { JWK } from "jose";
import type { KeySetFetching } from "../../../keys/environment/key-set-fetching.ts";
import { usableCustomerKeys } from "../../accounts/customer-keys.ts";
import { parseJwksUrl } from "../../accounts/jwks-url.ts";
import { IdentityError } from "../../identity-error.ts";
import { lookUpWith, type LookUp } from "./look-up.ts";
import { reachableAddresses } from "./reachable-address.ts";

/** The longest time for the whole answer. */
const WITHIN_MS = 5_000;
const MAX_BYTES = 64 * 1024;

/** Why a key set could not be fetched. It goes into the logs only, because it describes the server's network. */
export type FetchFailure =
  | "address_not_allowed" // the host's address is private, and no setting allows it
  | "redirected" // the answer names another URL
  | "not_ok" // the status is not 200
  | "too_large"
  | "too_late"
  | "unreachable" // no connection, or no TLS that can be trusted
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
  fetching: KeySetFetching,
  lookUp: LookUp = lookUpWith({ allowsLocalhost: fetching.allowsLocalHttp }),
): Promise<readonly JWK[]> {
  const url = new URL(parseJwksUrl(text, fetching));
  const mayReach = reachableAddresses(fetching.networks);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // No look-up is made for a host that is an address.
  if (isIP(host) !== 0 && !mayReach(host)) throw unavailable("address_not_allowed");
  const late = AbortSignal.timeout(WITHIN_MS);
  const body = await read(url, lookUpAmong(mayReach, lookUp, late), late);
  try {
    return usableCustomerKeys(JSON.parse(body));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw unavailable("not_a_key_set", cause);
    throw cause;
  }
}

async function read(url: URL, lookup: LookupFunction, late: AbortSignal): Promise<string> {
  try {
    return await wholeText(await answerOf(url, lookup, late));
  } catch (cause) {
    if (cause instanceof IdentityError) throw cause;
    throw unavailable(late.aborted ? "too_late" : "unreachable", cause);
  }
}

function answerOf(url: URL, lookup: LookupFunction, signal: AbortSignal): Promise<IncomingMessage> {
  const get = url.protocol === "http:" ? getOverHttp : getOverHttps;
  const headers = { accept: "application/jwk-set+json, application/json" };
  return new Promise((resolve, reject) => {
    // A connection of its own: a kept one would skip the look-up.
    get(url, { agent: false, headers, lookup, signal }, resolve).once("error", reject);
  });
}

async function wholeText(answer: IncomingMessage): Promise<string> {
  try {
    const { statusCode = 0 } = answer;
    if (statusCode >= 300 && statusCode < 400) throw unavailable("redirected");
    if (statusCode !== 200) throw unavailable("not_ok");
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw unavailable("too_large");
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  } finally {
    answer.destroy();
  }
}

/** Looks a host up and leaves out the addresses that may not be reached. */
function lookUpAmong(
  mayReach: (address: string) => boolean,
  lookUp: LookUp,
  signal: AbortSignal,
): LookupFunction {
  const find = callbackify(async (host: string) => {
    const addresses = (await lookUp(host, signal)).filter(({ address }) => mayReach(address));
    const [first] = addresses;
    if (first === undefined) throw unavailable("address_not_allowed");
    return { first, addresses };
  });
  return (host, options, done) => {
    find(host, (error, found) => {
      if (error !== null) done(error, "");
      else if (options.all === true) done(null, found.addresses);
      else done(null, found.first.address, found.first.family);
    });
  };
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
    "The key set is not fetched, because its host has a private address. Allow the network with CUSTOMER_JWKS_NETWORKS.",
  redirected: "The key set's URL redirects. Give the URL that has the set itself.",
  not_ok: "The key set's URL does not answer with status 200.",
  too_large: `The key set has over ${MAX_BYTES / 1024} KiB.`,
  too_late: `The key set did not arrive within ${WITHIN_MS / 1000} seconds.`,
  unreachable: "The key set's host cannot be reached, or its certificate is not trusted.",
  not_a_key_set: "The key set's URL does not answer with JSON.",
};
