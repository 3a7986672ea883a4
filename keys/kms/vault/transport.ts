import { request as requestHttp, Agent as HttpAgent, type IncomingMessage } from "node:http";
import { request as requestHttps, Agent as HttpsAgent } from "node:https";
import { unreachable } from "./vault-errors.ts";

/** The part of node-vault's argument to `request-promise` that is used here. */
export interface TransportRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

/** The response that node-vault expects. */
export interface TransportResponse {
  readonly statusCode: number;
  readonly body: unknown;
  readonly request: { readonly path: string };
}

export interface Transport {
  send(request: TransportRequest): Promise<TransportResponse>;
  close(): void;
}

const MAX_BODY_BYTES = 1_048_576;

/**
 * Sends requests to one Vault server, in place of node-vault's own transport. Each request ends
 * within the limit. No request goes to another host, because redirects are returned and not
 * followed. No error holds a header or a body.
 */
export function createTransport(options: {
  readonly address: string;
  readonly timeoutMs: number;
  /** PEM, in addition to the system's certificate authorities. */
  readonly ca: readonly string[] | undefined;
}): Transport {
  const { origin, protocol } = new URL(options.address);
  const secure = protocol === "https:";
  const limits = { keepAlive: true, maxSockets: 32 };
  const agent = secure
    ? new HttpsAgent({ ...limits, ...(options.ca && { ca: [...options.ca] }) })
    : new HttpAgent(limits);
  const begin = secure ? requestHttps : requestHttp;
  return {
    async send({ method, uri, headers, json }) {
      const url = new URL(uri);
      if (url.origin !== origin) throw unreachable("A request was about to go to another host.");
      const body = json === undefined || json === true ? undefined : JSON.stringify(json);
      const signal = AbortSignal.timeout(options.timeoutMs);
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const type = body === undefined ? {} : { "content-type": "application/json" };
        begin(url, { method, agent, signal, headers: { ...headers, ...type } }, resolve)
          .once("error", reject)
          .end(body);
      }).catch(failed);
      const text = await readAll(response).catch(failed);
      return {
        statusCode: response.statusCode ?? 0,
        body: parse(text),
        request: { path: url.pathname },
      };
    },
    close: () => agent.destroy(),
  };
}

// Uses only the error's code, because the error itself may hold the request with the token.
function failed(error: unknown): never {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  const late = name === "AbortError" || name === "TimeoutError" || code === "ABORT_ERR";
  const why = late
    ? "no answer in time"
    : typeof code === "string"
      ? code
      : "the connection failed";
  throw unreachable(`Vault cannot be reached: ${why}.`);
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw Object.assign(new Error(), { code: "BODY_TOO_LARGE" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
