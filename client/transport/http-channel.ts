import { decodeFrame, encodeFrame, type Frame } from "../../crypto/wire/frame.ts";
import { countForBatch, frameBatchType, joinFrames } from "../../crypto/wire/frame-batch.ts";
import { closing, type ChannelEvents, type RelayChannel } from "./channel.ts";
import { closeCodeOf } from "./close-codes.ts";
import { HttpExchanges, type ExchangesDeps } from "./http-exchanges.ts";

export interface HttpChannelDeps extends ExchangesDeps {
  /**
   * Sends the hello.
   * @returns the connection's id
   * @throws SealdeskError
   */
  readonly begin: (hello: Uint8Array<ArrayBuffer>, signal: AbortSignal) => Promise<string>;
}

/** The callbacks of a receiver. */
export interface Received {
  readonly onFrame: (frame: Uint8Array) => void;
  /** The relay asks whether this device is still there. */
  readonly onPing: () => void;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
  readonly exchanges: HttpExchanges;
}

/** Why a connection over HTTP ended. */
export interface HttpClosure {
  readonly code: number;
  readonly reason: string;
}

/**
 * Receives the frames of a connection until it ends.
 * @throws SealdeskError
 */
export type Receive = (received: Received, deps: ExchangesDeps) => Promise<HttpClosure>;

const answerWithinMs = 30_000;
const repeats = 5;

/**
 * One connection to the relay over HTTP. Frames are sent in numbered batches, one batch at a time.
 */
export class HttpChannel implements RelayChannel {
  readonly #deps: HttpChannelDeps;
  readonly #receive: Receive;
  readonly #events: ChannelEvents;
  readonly #over = new AbortController();
  #state: "connecting" | "open" | "closed" = "connecting";
  #exchanges: HttpExchanges | undefined;
  #saidHello = false;
  #batches = 1;
  #outgoing: Uint8Array[] = [];
  #sending = false;
  #pinged = false;

  constructor(deps: HttpChannelDeps, receive: Receive, events: ChannelEvents) {
    this.#deps = deps;
    this.#receive = receive;
    this.#events = events;
    void Promise.resolve().then(() => {
      if (this.#state !== "connecting") return;
      this.#state = "open";
      events.onOpen();
    });
  }

  send(frame: Frame): boolean {
    if (this.#state !== "open") return false;
    const bytes = encodeFrame(frame);
    if (this.#saidHello) {
      this.#outgoing.push(bytes);
      this.#sendOn();
    } else {
      this.#saidHello = true;
      void this.#run(bytes);
    }
    return true;
  }

  close(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#outgoing = [];
    this.#over.abort();
    this.#events.onClosed(code, reason);
  }

  async #run(hello: Uint8Array): Promise<void> {
    const { signal } = this.#over;
    try {
      const id = await this.#deps.begin(joinFrames([hello]), signal);
      const exchanges = new HttpExchanges(this.#deps, id, signal);
      this.#exchanges = exchanges;
      this.#sendOn();
      const { code, reason } = await this.#receive(
        {
          exchanges,
          signal,
          onFrame: (frame) => this.#onFrame(frame),
          onPing: () => {
            this.#pinged = true;
            this.#sendOn();
          },
        },
        this.#deps,
      );
      this.close(code, reason);
    } catch (error) {
      this.close(closeCodeOf(error), "not reached over HTTP");
    }
  }

  #onFrame(bytes: Uint8Array): void {
    if (this.#state !== "open") return;
    let frame: Frame;
    try {
      frame = decodeFrame(bytes);
    } catch {
      this.close(closing.unreadable, "unreadable frame");
      return;
    }
    this.#events.onFrame(frame);
  }

  #sendOn(): void {
    if (this.#sending || this.#exchanges === undefined) return;
    this.#sending = true;
    // Wait until the end of this turn, so that the frames of one turn go out together.
    void Promise.resolve()
      .then(() => this.#sendAll(this.#exchanges as HttpExchanges))
      .catch((error: unknown) => this.close(closeCodeOf(error), "not sent over HTTP"))
      .finally(() => {
        this.#sending = false;
      });
  }

  async #sendAll(exchanges: HttpExchanges): Promise<void> {
    while (this.#state === "open" && (this.#outgoing.length > 0 || this.#pinged)) {
      this.#pinged = false;
      this.#batches++;
      await exchanges.request({
        method: "POST",
        path: "v1/relay/send",
        headers: { "content-type": frameBatchType, "relay-batch": String(this.#batches) },
        body: joinFrames(this.#nextBatch()),
        withinMs: answerWithinMs,
        repeats,
        read: async (response) => void (await response.text()),
      });
    }
  }

  #nextBatch(): Uint8Array[] {
    return this.#outgoing.splice(0, countForBatch(this.#outgoing));
  }
}

/** Parses a close that the relay sent over HTTP: its code, a space, its name. */
export function closureFrom(text: string): HttpClosure {
  const [code = "", reason = ""] = text.split(" ");
  return { code: /^\d{4}$/.test(code) ? Number(code) : closing.lost, reason };
}
