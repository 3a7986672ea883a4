import { countForBatch, splitFrames } from "../../crypto/wire/frame-batch.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { CloseReason } from "./close-codes.ts";
import { relayLimits } from "../limits.ts";

/** The answer to one poll. */
export interface PollAnswer {
  /** The number of the first frame. Each further frame has the next number. */
  readonly first: number;
  readonly frames: readonly Uint8Array[];
  /** True when no frame follows these. */
  readonly closed: CloseReason | undefined;
}

/** An answer without an end, on which frames leave as they come. */
export interface FrameStream {
  write(frame: Uint8Array): void;
  ping(): void;
  end(reason: CloseReason): void;
  /** Bytes that were written but not yet taken by the network, and bytes taken so far. */
  readonly bufferedBytes: number;
  readonly takenBytes: number;
}

/** The request that waits for frames at present. */
type Outlet =
  | { readonly kind: "poll"; readonly answer: () => void }
  | { readonly kind: "stream"; readonly stream: FrameStream };

/**
 * A channel over HTTP requests. The device posts its frames in numbered batches. It takes our
 * frames by polls, one after another, or from one stream. Frames that a poll took are kept until
 * the next poll acknowledges them, so that a lost answer is repeated. No frame of the device is
 * read before the device takes frames. A delayed hello that no client waits for any more must not
 * displace a later connection.
 */
export class HttpChannel implements Channel {
  readonly #events: ChannelEvents;
  readonly #onEnd: () => void;
  #frames: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Frames and bytes that the device is known to have received. */
  #releasedFrames = 0;
  #releasedBytes = 0;
  #outlet: Outlet | undefined;
  #mode: "untaken" | "poll" | "stream" = "untaken";
  #flushing = false;
  #closed: CloseReason | undefined;
  #paused = false;
  #batches = 0;
  #bodies = 0;
  #onReadable: (() => void)[] = [];

  /** @param onEnd called when nothing can be taken any more but what already waits */
  constructor(serve: (channel: Channel) => ChannelEvents, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.#events = serve(this);
  }

  get mode(): "untaken" | "poll" | "stream" {
    return this.#mode;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  get bufferedBytes(): number {
    return this.#waitingBytes + (this.#stream?.bufferedBytes ?? 0);
  }

  get takenBytes(): number {
    return this.#releasedBytes + (this.#stream?.takenBytes ?? 0);
  }

  transmit(frame: Uint8Array): void {
    if (this.#closed !== undefined) return;
    this.#frames.push(frame);
    this.#waitingBytes += frame.length;
    this.#flushSoon();
  }

  close(reason: CloseReason): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#readable();
    this.#flush();
    this.#leave(relayLimits.leftBytes);
    this.#onEnd();
  }

  /** Answers a polling device. Its next poll shows that it is alive. */
  probe(): void {
    if (this.#outlet?.kind === "poll") this.#outlet.answer();
    this.#stream?.ping();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#readable();
  }

  /** Resolves when the device may send frames, or never can again. */
  async readable(): Promise<void> {
    while (this.#closed === undefined && (this.#paused || this.#mode === "untaken"))
      await new Promise<void>((resolve) => this.#onReadable.push(resolve));
  }

  /**
   * Reserves space for a body.
   * @returns a function that releases it; undefined when too many bodies are under way
   */
  expectBody(): (() => void) | undefined {
    if (this.#bodies >= relayLimits.bodies) return undefined;
    this.#bodies++;
    return () => this.#bodies--;
  }

  /**
   * Takes the device's batch with this number, counted from 1. Ignores a batch that was taken
   * before.
   */
  take(number: number, batch: Uint8Array): void {
    this.#events.onHeard();
    if (number <= this.#batches) return;
    const frames = number === this.#batches + 1 ? framesOf(batch) : [undefined];
    this.#batches = number;
    for (const frame of frames) this.#events.onFrame(frame);
  }

  /**
   * Returns the frames after number `after` as soon as there are any, or none after `waitMs`. An
   * earlier poll that still waits is answered first, because its client no longer waits for it.
   * @param left aborts the wait when the client has gone
   */
  poll(after: number, waitMs: number, left: AbortSignal): Promise<PollAnswer> {
    this.#begin("poll");
    this.#events.onHeard();
    this.#release(after);
    if (this.#outlet?.kind === "poll") this.#outlet.answer();
    return new Promise((resolve) => {
      const answer = () => {
        clearTimeout(timer);
        left.removeEventListener("abort", answer);
        if (this.#outlet === outlet) this.#outlet = undefined;
        resolve(this.#answerNow());
      };
      const timer = setTimeout(answer, waitMs);
      left.addEventListener("abort", answer);
      const outlet: Outlet = { kind: "poll", answer };
      this.#outlet = outlet;
      if (this.#frames.length > 0 || this.#closed !== undefined) this.#flushSoon();
    });
  }

  /**
   * Sends everything to `stream` from now on. When the stream ends, the channel ends.
   * @returns callbacks for the stream's drain and end
   */
  stream(stream: FrameStream): Pick<ChannelEvents, "onDrain" | "onClosed"> {
    this.#outlet = { kind: "stream", stream };
    this.#begin("stream");
    this.#flush();
    return {
      onDrain: () => this.#events.onDrain(),
      onClosed: () => {
        this.#leave(0);
        if (this.#closed !== undefined) return;
        this.#closed = "silent";
        this.#events.onClosed();
        this.#readable();
        this.#onEnd();
      },
    };
  }

  #leave(maxBytes: number): void {
    while (this.#waitingBytes > maxBytes) this.#waitingBytes -= this.#frames.pop()?.length ?? 0;
  }

  get #stream(): FrameStream | undefined {
    return this.#outlet?.kind === "stream" ? this.#outlet.stream : undefined;
  }

  #begin(mode: "poll" | "stream"): void {
    if (this.#mode !== "untaken") return;
    this.#mode = mode;
    this.#readable();
  }

  #readable(): void {
    for (const resolve of this.#onReadable.splice(0)) resolve();
  }

  /** Frames of one turn of the event loop leave together. */
  #flushSoon(): void {
    if (this.#flushing || this.#outlet === undefined) return;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#outlet?.kind === "poll") return this.#outlet.answer();
    const stream = this.#stream;
    if (stream === undefined) return;
    for (const frame of this.#frames.splice(0)) stream.write(frame);
    this.#waitingBytes = 0;
    if (this.#closed === undefined) return;
    // Runs once: a flush that was deferred to the end of the turn may still come.
    this.#outlet = undefined;
    stream.end(this.#closed);
  }

  #answerNow(): PollAnswer {
    const frames = this.#frames.slice(0, countForBatch(this.#frames));
    const isAll = frames.length === this.#frames.length;
    const first = this.#releasedFrames + 1;
    return { first, frames, closed: isAll ? this.#closed : undefined };
  }

  #release(after: number): void {
    const count = Math.min(Math.max(0, after - this.#releasedFrames), this.#frames.length);
    if (count === 0) return;
    const bytes = this.#frames.splice(0, count).reduce((sum, frame) => sum + frame.length, 0);
    this.#releasedFrames += count;
    this.#releasedBytes += bytes;
    this.#waitingBytes -= bytes;
    this.#events.onDrain();
  }
}

function framesOf(batch: Uint8Array): readonly (Uint8Array | undefined)[] {
  try {
    return splitFrames(batch);
  } catch {
    return [undefined];
  }
}
