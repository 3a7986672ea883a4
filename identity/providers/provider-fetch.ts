import { isSecureUrl } from "../../crypto/wire/secure-url.ts";
import type { OutgoingReach } from "../../keys/environment/outgoing-reach.ts";
import { boundedRequest } from "../outgoing/bounded-request.ts";

/** A request to an identity provider, as openid-client and jose make it. */
export interface ProviderRequest {
  readonly method?: string;
  readonly headers?: Headers | Record<string, string>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Sends a request to an identity provider. Rejects if it is not reached, or answers too much. */
export type ProviderFetch = (url: string, request?: ProviderRequest) => Promise<Response>;

/** A key set of 100 keys is smaller. */
const LIMITS = { withinMs: 5_000, maxBytes: 256 * 1024 };
/** An answer with these statuses has no body (Fetch section 2.2.3). */
const NULL_BODY = [204, 205, 304];
const FORM = { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" };

/**
 * Creates the function for all requests to identity providers. It limits their time and size, and
 * follows no redirect, so that a provider cannot send a request elsewhere.
 * @param reach which private addresses may be reached: a tenant's own backend may have named the provider
 */
export const createProviderFetch =
  (reach: OutgoingReach): ProviderFetch =>
  async (url, { method = "GET", headers = {}, body, signal } = {}) => {
    if (!isSecureUrl(url, reach.allowsLocalHttp))
      throw new TypeError("The URL is not one of https.");
    const answer = await boundedRequest(new URL(url), {
      ...LIMITS,
      reach,
      method,
      headers: {
        ...(body instanceof URLSearchParams && FORM),
        ...Object.fromEntries(new Headers(headers)),
      },
      body: textOf(body),
      signal,
    });
    return new Response(NULL_BODY.includes(answer.status) ? null : answer.body, {
      status: answer.status,
      headers: headersOf(answer.headers),
    });
  };

/** `set-cookie` is the only header that Node.js gives as a list, and no provider's answer needs it. */
const headersOf = (headers: Readonly<Record<string, string | readonly string[] | undefined>>) =>
  Object.entries(headers).filter((pair): pair is [string, string] => typeof pair[1] === "string");

/** Returns the text of a body, which is a form or JSON. */
const textOf = (body: unknown): string | undefined =>
  body instanceof URLSearchParams ? body.toString() : typeof body === "string" ? body : undefined;
