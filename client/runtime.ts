import { V7Generator } from "uuidv7";
import type { Uuid } from "../crypto/wire/uuid.ts";

/** Time, as this SDK uses it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls back once, `ms` from now. @returns what cancels it */
  after(ms: number, callback: () => void): () => void;
}

/** What this SDK uses of `fetch`. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string | Uint8Array<ArrayBuffer>;
    readonly signal?: AbortSignal;
    /** What is signed for one server goes to no other. */
    readonly redirect?: "manual";
  },
) => Promise<HttpResponse>;

/** What this SDK uses of a `Response`. */
export interface HttpResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** Read for downloads alone. */
  readonly body?: ReadableStream<Uint8Array> | null;
  text(): Promise<string>;
}

/** What this SDK uses of a `WebSocket`. */
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

/** What comes from outside: time, chance, and the network. */
export interface Runtime {
  readonly clock: Clock;
  /** A number from 0 up to, not including, 1; spreads reconnections, protects nothing. */
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
 * The clock set right by the server's: proofs and message ids are judged by that one, and devices
 * with a wrong clock are many.
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
   * Goes by the `Date` header of an answer (RFC 9110 section 6.6.1), unless the clocks agree well
   * enough; it has whole seconds, and the answer was under way.
   */
  heard(date: string | null): void {
    const serverMs = Date.parse(date ?? "");
    if (Math.abs(serverMs - this.now()) > toleratedMs)
      this.#offsetMs = serverMs - this.#clock.now();
  }
}

const toleratedMs = 10_000;

/** Resolves `ms` from now, or at once when `signal` aborts. */
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

/** Makes UUIDv7s of the clock's time, each greater than the one before while time does not jump back. */
export function idMaker(clock: Clock): () => Uuid {
  const generator = new V7Generator();
  return () => generator.generateOrResetWithTs(clock.now()).toString();
}
