import { isProblem, SealdeskError } from "../errors.ts";
import type { Clock, Fetch, HttpResponse, ServerClock } from "../runtime.ts";
import type { ProofMaker } from "./device-proof.ts";
import { errorOfResponse } from "./problems.ts";
import { readAnswer, type Schema } from "./messages.ts";

/** One JSON request. */
export interface JsonRequest<T> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path below the server's base URL, without a leading slash. */
  readonly path: string;
  readonly body?: unknown;
  readonly answer: Schema<T>;
}

/** Sends a request with the session's access token. */
export type Request = <T>(request: JsonRequest<T>) => Promise<T>;

/** Sends a request, with an access token if one is given. */
export type Exchange = <T>(request: JsonRequest<T>, accessToken?: string) => Promise<T>;

export interface ExchangeDeps {
  /** The server's public URL, which device proofs name. */
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly prove: ProofMaker;
  readonly clock: ServerClock;
  /** Returns the purpose of use to state with a request that has an access token. */
  readonly purposeOfUse?: (() => string | undefined) | undefined;
  /** Aborts the requests under way. */
  readonly signal: AbortSignal;
}

/** Returns the headers of a request by a signed-in account. */
export function accountHeaders(
  { purposeOfUse }: Pick<ExchangeDeps, "purposeOfUse">,
  accessToken: string | undefined,
): Record<string, string> {
  if (accessToken === undefined) return {};
  const purpose = purposeOfUse?.();
  return {
    authorization: `DPoP ${accessToken}`,
    ...(purpose !== undefined && { "purpose-of-use": purpose }),
  };
}

/**
 * Sends and receives JSON over HTTP. Each request carries a proof of the device key.
 * @returns a function that throws SealdeskError: network, closed, invalid_response, or what the
 * server's problem document says
 */
export function createExchange(deps: ExchangeDeps): Exchange {
  async function attempt<T>(request: JsonRequest<T>, accessToken?: string): Promise<T> {
    const { method, path, body, answer } = request;
    const url = resourceUrl(deps.baseUrl, path);
    const headers: Record<string, string> = {
      accept: "application/json",
      dpop: deps.prove({ method, url, accessToken }),
      ...accountHeaders(deps, accessToken),
    };
    if (body !== undefined) headers["content-type"] = "application/json";
    const { response, received } = await transfer(deps, url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    deps.clock.heard(response.headers.get("date"));
    if (!response.ok) throw errorOfResponse(response, received);
    return readAnswer(answer, parsed(received));
  }

  return (request, accessToken) => withValidProof(() => attempt(request, accessToken));
}

/**
 * Repeats a request once if the server refused its proof. The time in the proof may have been wrong.
 * With its answer, the server has told its time.
 */
export async function withValidProof<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!isProblem(error, "invalid_proof")) throw error;
    return attempt();
  }
}

/** A request without an answer for this long has failed. */
const timeoutMs = 30_000;

/** Resolves `path` below the base URL, which may have a path of its own. */
export const resourceUrl = (baseUrl: string, path: string): string =>
  new URL(path, baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`).href;

type RequestDeps = Pick<ExchangeDeps, "fetch" | "signal"> & { readonly clock: Clock };

/**
 * Sends a request. Aborts it if the head of the answer does not arrive in `withinMs`. Until
 * `settle` is called, it also aborts an answer that does not end in that time.
 * @throws SealdeskError network, closed
 */
export async function startRequest(
  { fetch, clock, signal }: RequestDeps,
  url: string,
  init: Parameters<Fetch>[1],
  withinMs: number,
): Promise<{ readonly response: HttpResponse; readonly settle: () => void }> {
  const giveUp = new AbortController();
  const abort = () => giveUp.abort();
  const cancel = clock.after(withinMs, abort);
  signal.addEventListener("abort", abort);
  const settle = () => {
    cancel();
    signal.removeEventListener("abort", abort);
  };
  try {
    if (signal.aborted) throw new Error("closed before the request");
    // Not "error": with it, Node's fetch sends headers twice when it repeats a request answered
    // with 421.
    const response = await fetch(url, { ...init, redirect: "manual", signal: giveUp.signal });
    return { response, settle };
  } catch (cause) {
    settle();
    throw unreached(signal, cause);
  }
}

async function transfer(
  deps: RequestDeps,
  url: string,
  init: Parameters<Fetch>[1],
): Promise<{ readonly response: HttpResponse; readonly received: string }> {
  const { response, settle } = await startRequest(deps, url, init, timeoutMs);
  try {
    return { response, received: await response.text() };
  } catch (cause) {
    throw unreached(deps.signal, cause);
  } finally {
    settle();
  }
}

/** Returns the error for a request, or the reading of an answer, that was aborted. */
export const unreached = (signal: AbortSignal, cause: unknown): SealdeskError =>
  signal.aborted
    ? new SealdeskError("closed", "The connection was closed.", { cause })
    : new SealdeskError("network", "The server was not reached.", { cause });

function parsed(received: string): unknown {
  if (received === "") return undefined;
  try {
    return JSON.parse(received);
  } catch (cause) {
    throw new SealdeskError("invalid_response", "The server's answer is not JSON.", { cause });
  }
}
