import type { Frame, Hello, Welcome } from "../../crypto/wire/frame.ts";
import { isTransient, SealdeskError } from "../errors.ts";
import { sleep, type Runtime } from "../runtime.ts";
import { Backoff, type BackoffLimits } from "./backoff.ts";
import { closureOf, tokenExpired } from "./close-codes.ts";
import { Heartbeat, type KeepaliveLimits } from "./heartbeat.ts";
import { RelaySocket } from "./relay-socket.ts";

/** Connections from hello on; `up` and `down` alternate, frames come only in between. */
export interface LinkEvents {
  /** Makes the hello, once everything of the connection before has come to rest. */
  readonly hello: () => Promise<Hello>;
  readonly onUp: (welcome: Welcome) => void;
  readonly onFrame: (frame: Frame) => void;
  readonly onDown: () => void;
  /** The access token was refused as too old. */
  readonly onTokenExpired: () => void;
  /** There will be no further connection. */
  readonly onEnd: (error: SealdeskError) => void;
}

/** What became of one attempt to connect. */
interface Attempt {
  readonly livedMs: number;
  readonly retryAfterMs?: number | undefined;
  /** Forbids another attempt. */
  readonly error?: SealdeskError;
}

/** Codes this side closes with; all in the range that asks for another connection. */
const closing = { done: 1000, recycled: 3401, unanswered: 3402 } as const;
const welcomeTimeoutMs = 15_000;

/** Keeps one connection to the relay, and makes another when it is lost. */
export class Link {
  readonly #url: string;
  readonly #runtime: Pick<Runtime, "clock" | "webSocket">;
  readonly #events: LinkEvents;
  readonly #backoff: Backoff;
  readonly #keepalive: KeepaliveLimits;
  readonly #stop = new AbortController();
  #socket: RelaySocket | undefined;
  #running: Promise<void> | undefined;
  #wake = new AbortController();

  /** @param url of the relay, with a ws or wss scheme */
  constructor(
    url: string,
    runtime: Runtime,
    limits: BackoffLimits & KeepaliveLimits,
    events: LinkEvents,
  ) {
    this.#url = url;
    this.#runtime = runtime;
    this.#events = events;
    this.#backoff = new Backoff(limits, runtime.random);
    this.#keepalive = limits;
  }

  /** Connects, and stays connected until `close` or a final refusal. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** @returns false when there is no connection: nothing was sent */
  send(frame: Frame): boolean {
    return this.#socket?.send(frame) ?? false;
  }

  /** Gives the present connection up for another: something on it is not as it must be. */
  recycle(reason: string): void {
    this.#socket?.close(closing.recycled, reason);
  }

  /** Cuts a wait between two attempts short: the network is back, says whoever knows. */
  hurry(): void {
    this.#wake.abort();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    this.#socket?.close(closing.done, "closed");
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#runtime;
    while (!this.#stop.signal.aborted) {
      const attempt = await this.#connection();
      if (this.#stop.signal.aborted) return;
      if (attempt.error !== undefined) {
        this.#events.onEnd(attempt.error);
        return;
      }
      this.#wake = new AbortController();
      const waitMs = Math.max(this.#backoff.nextMs(attempt.livedMs), attempt.retryAfterMs ?? 0);
      await sleep(clock, waitMs, this.#wake.signal);
    }
  }

  /** One connection from hello to close. @returns the error that forbids another one */
  async #connection(): Promise<Attempt> {
    const { clock } = this.#runtime;
    let hello: Hello;
    try {
      hello = await this.#events.hello();
    } catch (error) {
      const known = asSealdeskError(error);
      if (!isTransient(known)) return { livedMs: 0, error: known };
      return { livedMs: 0, retryAfterMs: known.retryAfterMs };
    }
    if (this.#stop.signal.aborted) return { livedMs: 0 };
    let upAtMs: number | undefined;
    const { code, reason } = await this.#socketUntilClosed(hello, () => {
      upAtMs = clock.now();
    });
    if (upAtMs !== undefined) this.#events.onDown();
    if (code === tokenExpired) this.#events.onTokenExpired();
    const livedMs = upAtMs === undefined ? 0 : clock.now() - upAtMs;
    const closure = closureOf(code, reason);
    if (this.#stop.signal.aborted || closure.kind === "reconnect") return { livedMs };
    return { livedMs, error: closure.error };
  }

  #socketUntilClosed(
    hello: Hello,
    onUp: () => void,
  ): Promise<{ readonly code: number; readonly reason: string }> {
    return new Promise((resolve) => {
      let up = false;
      const cancel = this.#runtime.clock.after(welcomeTimeoutMs, () =>
        socket.close(closing.unanswered, "no welcome"),
      );
      const heartbeat = new Heartbeat(this.#runtime.clock, this.#keepalive, {
        beat: () => void socket.send({ kind: "heartbeat", body: {} }),
        onSilence: () => socket.close(closing.unanswered, "silence"),
      });
      const socket = new RelaySocket(this.#runtime.webSocket, this.#url, {
        onOpen: () => void socket.send({ kind: "hello", body: hello }),
        onFrame: (frame) => {
          heartbeat.heard();
          if (up && frame.kind !== "heartbeat") this.#events.onFrame(frame);
          else if (frame.kind === "welcome") {
            up = true;
            cancel();
            heartbeat.start();
            onUp();
            this.#events.onUp(frame.body);
          }
        },
        onClosed: (code, reason) => {
          cancel();
          heartbeat.stop();
          this.#socket = undefined;
          resolve({ code, reason });
        },
      });
      this.#socket = socket;
    });
  }
}

function asSealdeskError(error: unknown): SealdeskError {
  if (error instanceof SealdeskError) return error;
  return new SealdeskError("relay_refused", "The connection could not be made.", { cause: error });
}
