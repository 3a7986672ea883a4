import type { HttpResponse } from "../runtime.ts";
import { errorOfResponse } from "./problems.ts";
import {
  accountHeaders,
  resourceUrl,
  startRequest,
  withValidProof,
  type ExchangeDeps,
} from "./transport.ts";

/** A request whose body and answer are bytes. */
export interface BytesRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PATCH" | "DELETE";
  /** Path below the server's base URL, without a leading slash. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

/** Sends a request and resolves with the head of the answer. Its body is still to be read. */
export type BytesExchange = (request: BytesRequest, accessToken?: string) => Promise<HttpResponse>;

/** A piece of an upload may take longer than a JSON request. */
const answerWithinMs = 120_000;

/**
 * Sends and receives bytes over HTTP. Each request carries a device proof for its own method and
 * URL.
 * @returns a function that throws SealdeskError: network, closed, or what the server's problem
 * document says
 */
export function createBytesExchange(deps: ExchangeDeps): BytesExchange {
  async function attempt(request: BytesRequest, accessToken?: string): Promise<HttpResponse> {
    const { method, path, body } = request;
    const url = resourceUrl(deps.baseUrl, path);
    const headers = {
      ...request.headers,
      dpop: deps.prove({ method, url, accessToken }),
      ...accountHeaders(deps, accessToken),
    };
    const init = { method, headers, ...(body && { body }) };
    const { response, settle } = await startRequest(deps, url, init, answerWithinMs);
    settle();
    deps.clock.heard(response.headers.get("date"));
    if (!response.ok) throw errorOfResponse(response, await textOf(response));
    return response;
  }

  return (request, accessToken) => withValidProof(() => attempt(request, accessToken));
}

const textOf = (response: HttpResponse): Promise<string> => response.text().catch(() => "");
