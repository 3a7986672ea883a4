import type { Frame, Head, Hello, Welcome } from "../../crypto/wire/frame.ts";
import { isTransient, SealdeskError } from "../errors.ts";
import { sleep, type Runtime } from "../runtime.ts";
import { Backoff, type BackoffLimits } from "./backoff.ts";
import { Heartbeat, type KeepaliveLimits } from "./heartbeat.ts";
import { closing, type RelayChannel, type TransportFactory } from "./channel.ts";
import { isFromRelay, closureOf, goingAway, tokenExpired } from "./close-codes.ts";
import { TransportFallback } from "./transport-fallback.ts";
import { Probe } from "./probe.ts";

/** The relay's answer to a hello: its welcome, with the heads of all the frames before it. */
export interface Welcomed extends Welcome {
  readonly heads: readonly Head[];
}

/**
 * The events of the connections, each starting with a hello. `onUp` and `onDown` alternate, and
 * frames arrive only between them.
 */
export interface RelayConnectionEvents {
  /** Makes the hello after all work of the previous connection has ended. */
  readonly hello: () => Promise<Hello>;
  readonly onUp: (welcome: Welcomed) => void;
  readonly onFrame: (frame: Frame) => void;
  readonly onDown: () => void;
  /**
   * The relay refused the access token because it has expired, or the proof, perhaps because of its time. The next
   * hello must have a new token, and the time that the server told with it.
   */
  readonly onOutdated: () => void;
  /** There will be no further connection. */
  readonly onEnd: (error: SealdeskError) => void;
}

/** The result of one attempt to connect. */
interface Attempt {
  readonly livedMs: number;
  readonly retryAfterMs?: number | undefined;
  /** Closed for a better transport, which is used immediately. */
  readonly upgrades?: boolean;
  /** The node is stopping and asked for another connection. */
  readonly moves?: boolean;
  /** Forbids another attempt. */
  readonly error?: SealdeskError;
}

/**
 * A relay that stops sends its devices away a few at a time, so a short random wait is enough at
 * first. A load balancer that has not noticed the stop may lead to the same node again, and a
 * faulty relay may send every connection away. So each move in a row waits longer, up to the usual
 * limit.
 */
const moveBaseMs = 100;
/** Time for each frame up to the welcome. */
const welcomeTimeoutMs = 15_000;
/** A relay that lists more conversations would use up the memory. */
const mostHeads = 1_000_000;

/**
 * Keeps one connection to the relay and replaces it when it is lost. If the first transport does
 * not work, it falls back to another one. It returns to the first when that works again.
 */
export class RelayConnection {
  readonly #runtime: Pick<Runtime, "clock">;
  readonly #fallback: TransportFallback;
  readonly #probe: Probe;
  readonly #events: RelayConnectionEvents;
  readonly #backoff: Backoff;
  /** The waits after a node stopped. That is not a failure, and another node is available soon. */
  readonly #moves: Backoff;
  readonly #keepalive: KeepaliveLimits;
  readonly #stop = new AbortController();
  #channel: RelayChannel | undefined;
  #running: Promise<void> | undefined;
  /** A proof was refused since the last welcome. */
  #provedAgain = false;
  #wake = new AbortController();

  /** @param transports to the relay, the best one first */
  constructor(
    transports: readonly [TransportFactory, ...TransportFactory[]],
    runtime: Pick<Runtime, "clock" | "random">,
    limits: BackoffLimits & KeepaliveLimits,
    events: RelayConnectionEvents,
  ) {
    this.#runtime = runtime;
    this.#events = events;
    this.#backoff = new Backoff(limits, runtime.random);
    this.#moves = new Backoff({ ...limits, baseMs: moveBaseMs }, runtime.random);
    this.#keepalive = limits;
    this.#fallback = new TransportFallback(transports);
    this.#probe = new Probe(this.#fallback.first, runtime, limits, () => {
      this.#fallback.upgrade();
      this.recycle("a better way is open");
    });
  }

  /** Connects, and stays connected until `close` or a final refusal. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** @returns false if there is no connection; then nothing was sent */
  send(frame: Frame): boolean {
    return this.#channel?.send(frame) ?? false;
  }

  /** Replaces the current connection, because something on it is wrong. */
  recycle(reason: string): void {
    this.#channel?.close(closing.recycled, reason);
  }

  /** Ends a wait between two attempts early, because the network is available again. */
  hurry(): void {
    this.#wake.abort();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    this.#probe.stop();
    this.#channel?.close(closing.done, "closed");
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
      if (attempt.upgrades === true) continue;
      if (attempt.moves === true) {
        await sleep(clock, this.#moves.nextMs(attempt.livedMs), this.#wake.signal);
        continue;
      }
      const waitMs = Math.max(this.#backoff.nextMs(attempt.livedMs), attempt.retryAfterMs ?? 0);
      await sleep(clock, waitMs, this.#wake.signal);
    }
  }

  /**
   * Runs one connection from hello to close.
   * @returns its result, with an error if that forbids another attempt
   */
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
    const onFirst = this.#fallback.onFirst;
    const { code, reason, fault } = await this.#channelUntilClosed(hello, () => {
      upAtMs = clock.now();
      this.#provedAgain = false;
      this.#fallback.worked();
      if (!onFirst) this.#probe.start();
    });
    this.#probe.stop();
    if (upAtMs !== undefined) this.#events.onDown();
    else if (!isFromRelay(code)) this.#fallback.failed();
    // The server's clock may have jumped since this device was told its time.
    const provesAgain = fault === "invalid_proof" && !this.#provedAgain;
    if (provesAgain) this.#provedAgain = true;
    if (provesAgain || code === tokenExpired) this.#events.onOutdated();
    const livedMs = upAtMs === undefined ? 0 : clock.now() - upAtMs;
    if (onFirst) this.#probe.firstLived(livedMs);
    const closure = closureOf(code, reason);
    if (code === goingAway) return { livedMs, moves: true };
    if (this.#stop.signal.aborted || provesAgain || closure.kind === "reconnect")
      return { livedMs, upgrades: !onFirst && this.#fallback.onFirst && upAtMs !== undefined };
    return { livedMs, error: closure.error };
  }

  /** @returns how it was closed, and the code of the fault that the relay named before a welcome */
  #channelUntilClosed(
    hello: Hello,
    onUp: () => void,
  ): Promise<{ readonly code: number; readonly reason: string; readonly fault?: string }> {
    return new Promise((resolve) => {
      let up = false;
      let fault: string | undefined;
      const heads: Head[] = [];
      const expectFrame = () =>
        this.#runtime.clock.after(welcomeTimeoutMs, () =>
          channel.close(closing.unanswered, "no welcome"),
        );
      let cancel = expectFrame();
      const heartbeat = new Heartbeat(this.#runtime.clock, this.#keepalive, {
        beat: () => void channel.send({ kind: "heartbeat", body: {} }),
        onSilence: () => channel.close(closing.unanswered, "silence"),
      });
      const channel = this.#fallback.present({
        onOpen: () => void channel.send({ kind: "hello", body: hello }),
        onFrame: (frame) => {
          heartbeat.heard();
          if (up && frame.kind !== "heartbeat") this.#events.onFrame(frame);
          else if (frame.kind === "heads") {
            cancel();
            cancel = expectFrame();
            for (const head of frame.body.heads) heads.push(head);
            if (heads.length > mostHeads) channel.close(closing.unreadable, "too many heads");
          } else if (!up && frame.kind === "fault") {
            fault = frame.body.code;
          } else if (frame.kind === "welcome") {
            up = true;
            cancel();
            heartbeat.start();
            onUp();
            this.#events.onUp({ ...frame.body, heads });
          }
        },
        onClosed: (code, reason) => {
          cancel();
          heartbeat.stop();
          this.#channel = undefined;
          resolve({ code, reason, ...(fault !== undefined && { fault }) });
        },
      });
      this.#channel = channel;
    });
  }
}

function asSealdeskError(error: unknown): SealdeskError {
  if (error instanceof SealdeskError) return error;
  return new SealdeskError("relay_refused", "The connection could not be made.", { cause: error });
}
