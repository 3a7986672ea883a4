import { SealdeskError } from "../errors.ts";
import { resourceUrl, startRequest } from "../http/transport.ts";
import { sleep, type Clock, type Fetch, type HttpResponse } from "../runtime.ts";

export interface ExchangesDeps {
  /** The server's public URL. */
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
}

/** One request of a connection, and how to read its answer. */
export interface ConnectionRequest<T> {
  readonly method: "GET" | "POST";
  /** Relative to the server's base URL, without a leading slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /**
   * An answer counts as lost if `read` has neither finished nor called `settle` after this time.
   */
  readonly withinMs: number;
  /** The number of times that a lost request is sent again. */
  readonly repeats: number;
  readonly read: (response: HttpResponse, settle: () => void) => Promise<T>;
}

/**
 * The number of wrong nodes after which the right one is assumed to be gone. Without sticky
 * sessions, a request reaches a random node.
 */
const maxElsewhere = 32;
const elsewhereWaitMs = 25;
const repeatWaitMs = 400;

/**
 * The requests of one connection over HTTP. Each is repeated until the connection's own node
 * answers.
 */
export class HttpExchanges {
  readonly #deps: ExchangesDeps;
  readonly #id: string;
  readonly #signal: AbortSignal;

  /**
   * @param id the connection's id from the answer to the hello
   * @param signal aborts everything
   */
  constructor(deps: ExchangesDeps, id: string, signal: AbortSignal) {
    this.#deps = deps;
    this.#id = id;
    this.#signal = signal;
  }

  /** @throws SealdeskError network, which includes a connection that is over; closed */
  async request<T>(request: ConnectionRequest<T>): Promise<T> {
    for (let elsewhere = 0, lost = 0; ;) {
      const answer = await this.#attempt(request);
      if (answer.kind === "read") return answer.value;
      if (answer.kind === "elsewhere" ? ++elsewhere > maxElsewhere : ++lost > request.repeats)
        throw answer.error;
      // The wait is random. Otherwise two requests that take turns could miss their node forever.
      const ceilingMs = answer.kind === "elsewhere" ? elsewhereWaitMs : repeatWaitMs * lost;
      await sleep(this.#deps.clock, this.#deps.random() * ceilingMs, this.#signal);
    }
  }

  async #attempt<T>(request: ConnectionRequest<T>): Promise<Answer<T>> {
    const { method, path, body, withinMs } = request;
    const headers = { ...request.headers, "relay-connection": this.#id };
    const url = resourceUrl(this.#deps.baseUrl, path);
    const init = { method, headers, ...(body !== undefined && { body }) };
    const deps = { ...this.#deps, signal: this.#signal };
    try {
      const { response, settle } = await startRequest(deps, url, init, withinMs);
      try {
        if (response.ok) return { kind: "read", value: await request.read(response, settle) };
        await response.text();
        const error = new SealdeskError("network", `The relay answered ${response.status}.`);
        if (response.status === 421) return { kind: "elsewhere", error };
        if (response.status >= 500) return { kind: "lost", error };
        throw new OverError(error);
      } finally {
        settle();
      }
    } catch (error) {
      if (error instanceof OverError || this.#signal.aborted) throw asNetworkError(error);
      return { kind: "lost", error: asNetworkError(error) };
    }
  }
}

type Answer<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "elsewhere" | "lost"; readonly error: SealdeskError };

/** An answer that a repeated request would not change. */
class OverError extends Error {
  constructor(cause: SealdeskError) {
    super(cause.message, { cause });
  }
}

const asNetworkError = (cause: unknown): SealdeskError =>
  cause instanceof SealdeskError
    ? cause
    : new SealdeskError("network", "The connection over HTTP was lost.", { cause });
