import { request as requestHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { callbackify } from "node:util";
import type { OutgoingReach } from "../../keys/environment/outgoing-reach.ts";
import { lookUpWith, type LookUp } from "./look-up.ts";
import { reachableAddresses } from "./reachable-address.ts";

/** Why a request got no whole answer. */
export type OutgoingFailure =
  | "address_not_allowed" // the host's address is private, and no setting allows it
  | "too_large"
  | "too_late"
  | "unreachable"; // no connection, or no TLS that can be trusted

/** A request got no whole answer. The message never names the server. */
export class OutgoingError extends Error {
  override readonly name = "OutgoingError";
  readonly code: OutgoingFailure;
  constructor(code: OutgoingFailure, options?: ErrorOptions) {
    super(`The request got no answer: ${code}.`, options);
    this.code = code;
  }
}

/** The limits of a request, and what is sent. */
export interface BoundedRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
  /** The longest time for the whole answer, in milliseconds. */
  readonly withinMs: number;
  /** The largest body of an answer, in bytes. */
  readonly maxBytes: number;
  /**
   * Which addresses may be reached, if a tenant gave the URL. The host is looked up once, and only the allowed ones of its
   * addresses are connected to, so a name cannot lead into a private network. Without it, every address may be reached.
   */
  readonly reach?: OutgoingReach | undefined;
  /** Finds the addresses of the host if there is a `reach`; by default it asks the name servers of this machine. */
  readonly lookUp?: LookUp | undefined;
}

export interface BoundedAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * Sends one request and reads the whole answer within limits of time and size. It follows no redirect and uses no
 * proxy.
 * @throws OutgoingError
 */
export async function boundedRequest(
  url: URL,
  { reach, lookUp, withinMs, maxBytes, body, signal, ...sent }: BoundedRequest,
): Promise<BoundedAnswer> {
  const late = AbortSignal.timeout(withinMs);
  const guard = reach && guardOf(url, reach, late, lookUp);
  try {
    const ends = signal === undefined ? late : AbortSignal.any([late, signal]);
    const answer = await answerOf(url, { ...sent, ...guard, signal: ends }, body);
    return await whole(answer, maxBytes);
  } catch (cause) {
    if (cause instanceof OutgoingError) throw cause;
    throw new OutgoingError(late.aborted ? "too_late" : "unreachable", { cause });
  }
}

/** The options of a request that reaches only the allowed addresses of a host. */
function guardOf(
  { hostname }: URL,
  reach: OutgoingReach,
  late: AbortSignal,
  lookUp: LookUp = lookUpWith({ allowsLocalhost: reach.allowsLocalHttp }),
): RequestOptions {
  const mayReach = reachableAddresses(reach.networks);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  // No look-up is made for a host that is an address.
  if (isIP(host) !== 0 && !mayReach(host)) throw new OutgoingError("address_not_allowed");
  // A connection of its own: a kept one would skip the look-up.
  return { agent: false, lookup: lookUpAmong(mayReach, lookUp, late) };
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
    if (first === undefined) throw new OutgoingError("address_not_allowed");
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

function answerOf(
  url: URL,
  options: RequestOptions,
  body: string | undefined,
): Promise<IncomingMessage> {
  const send = url.protocol === "http:" ? requestHttp : requestHttps;
  return new Promise((resolve, reject) => {
    send(url, options, resolve).once("error", reject).end(body);
  });
}

async function whole(answer: IncomingMessage, maxBytes: number): Promise<BoundedAnswer> {
  try {
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of answer as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > maxBytes) throw new OutgoingError("too_large");
      parts.push(part);
    }
    const { statusCode = 0, headers } = answer;
    return { status: statusCode, headers, body: new Uint8Array(Buffer.concat(parts)) };
  } finally {
    answer.destroy();
  }
}
