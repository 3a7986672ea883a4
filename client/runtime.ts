import { V7Generator } from "uuidv7";
import { idGenerator, type NewId } from "../crypto/wire/ids.ts";

/** The clock of this SDK. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Calls back once, after `ms` milliseconds.
   * @returns a function that cancels it
   */
  after(ms: number, callback: () => void): () => void;
}

/** The part of `fetch` that this SDK uses. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string | Uint8Array<ArrayBuffer>;
    readonly signal?: AbortSignal;
    /**
     * The policy for redirects. They are not followed, because a request signed for one server must
     * not reach another.
     */
    readonly redirect?: "manual";
  },
) => Promise<HttpResponse>;

/** The part of a `Response` that this SDK uses. */
export interface HttpResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** Read only for downloads. */
  readonly body?: ReadableStream<Uint8Array> | null;
  text(): Promise<string>;
}

/** The part of a `WebSocket` that this SDK uses. */
export interface WebSocketLike {
  binaryType: string;
  addEventListener(
    type: "open" | "message" | "close" | "error",
    listener: (event: never) => void,
  ): void;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string, protocols: string) => WebSocketLike;

/** The means of the platform: time, randomness and the network. */
export interface Runtime {
  readonly clock: Clock;
  /** A number from 0 up to, but not including, 1. It spreads reconnections and protects nothing. */
  readonly random: () => number;
  readonly fetch: Fetch;
  readonly webSocket: WebSocketConstructor;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * A clock that follows the server's. The server judges proofs and message ids by its own clock, and
 * many devices have a wrong one.
 */
export class ServerClock implements Clock {
  readonly #clock: Clock;
  #offsetMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, callback);
  }

  /**
   * Follows the `Date` header of an answer (RFC 9110 section 6.6.1), unless the clocks agree well
   * enough. The header has whole seconds, and the answer took some time.
   */
  heard(date: string | null): void {
    const serverMs = Date.parse(date ?? "");
    if (Math.abs(serverMs - this.now()) > toleratedMs)
      this.#offsetMs = serverMs - this.#clock.now();
  }
}

const toleratedMs = 10_000;

/** Resolves after `ms` milliseconds, or at once when `signal` aborts. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done);
  });
}

/**
 * Makes UUIDv7s from the clock. Each is greater than the one before unless the clock jumps back.
 */
export function idMaker(clock: Clock): NewId {
  const generator = new V7Generator();
  return idGenerator(() => generator.generateOrResetWithTs(clock.now()).toString());
}
