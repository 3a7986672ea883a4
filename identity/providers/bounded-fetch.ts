import { concat } from "../../crypto/wire/bytes.ts";
import { isSecureUrl } from "../../crypto/wire/secure-url.ts";

/** A request to an identity provider, as openid-client and jose make it. */
export interface ProviderRequest {
  readonly method?: string;
  readonly headers?: Headers | Record<string, string>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Sends a request to an identity provider. Rejects if it is not reached, or answers too much. */
export type ProviderFetch = (url: string, request?: ProviderRequest) => Promise<Response>;

/** The longest time for an answer, in milliseconds. */
const ANSWER_MS = 5_000;
/** The largest answer. A key set of 100 keys is smaller. */
const MOST_BYTES = 256 * 1024;
/** An answer with these statuses has no body (Fetch section 2.2.3). */
const NULL_BODY = [101, 204, 205, 304];

/**
 * Creates the function for all requests to identity providers. It limits their time and size, and
 * follows no redirect, so that a provider cannot send a request elsewhere.
 * @param allowsHttp whether http is allowed to this machine. Only for development and tests
 */
export const createProviderFetch =
  (allowsHttp: boolean): ProviderFetch =>
  async (url, { method = "GET", headers = {}, body, signal } = {}) => {
    if (!isSecureUrl(url, allowsHttp)) throw new TypeError("The URL is not one of https.");
    const limit = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(url, {
      method,
      headers,
      ...(body !== undefined && body !== null && { body: body as string | URLSearchParams }),
      redirect: "manual",
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
    });
    const whole = await readWhole(response);
    return new Response(NULL_BODY.includes(response.status) ? null : whole, {
      status: response.status,
      headers: response.headers,
    });
  };

async function readWhole(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const stream: AsyncIterable<Uint8Array> | undefined = response.body ?? undefined;
  for await (const part of stream ?? []) {
    length += part.length;
    if (length > MOST_BYTES) throw new RangeError("The answer is too long.");
    parts.push(part);
  }
  return new Uint8Array(concat(...parts));
}
