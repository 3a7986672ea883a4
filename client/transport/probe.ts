import type { Runtime } from "../runtime.ts";
import { Backoff, type BackoffLimits } from "./backoff.ts";
import { closing, type RelayChannel, type TransportFactory } from "./channel.ts";

/** The wait between checks grows up to this many times the first wait. */
const rarest = 16;
const openWithinMs = 15_000;

/** Checks from time to time whether a transport that failed works again. */
export class Probe {
  readonly #transport: TransportFactory;
  readonly #runtime: Pick<Runtime, "clock" | "random">;
  readonly #limits: BackoffLimits;
  readonly #onOpen: () => void;
  #backoff: Backoff;
  #cancel: () => void = () => undefined;
  #channel: RelayChannel | undefined;

  constructor(
    transport: TransportFactory,
    runtime: Pick<Runtime, "clock" | "random">,
    limits: BackoffLimits,
    onOpen: () => void,
  ) {
    this.#transport = transport;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#onOpen = onOpen;
    this.#backoff = this.#fresh();
  }

  /** Checks until the transport opens, or until `stop`. */
  start(): void {
    const waitMs = this.#backoff.nextMs(0);
    this.#cancel = this.#runtime.clock.after(waitMs, () => this.#look());
  }

  stop(): void {
    this.#cancel();
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.close(closing.done, "looked");
  }

  /** Resets the wait if the transport carried a connection for long enough, not only opened one. */
  firstLived(livedMs: number): void {
    if (livedMs >= this.#limits.stableMs) this.#backoff = this.#fresh();
  }

  #look(): void {
    const channel = this.#transport({
      onOpen: () => {
        this.stop();
        this.#onOpen();
      },
      onFrame: () => undefined,
      onClosed: () => {
        if (this.#channel !== channel) return;
        this.#channel = undefined;
        this.#cancel();
        this.start();
      },
    });
    this.#channel = channel;
    this.#cancel = this.#runtime.clock.after(openWithinMs, () =>
      channel.close(closing.done, "not opened"),
    );
  }

  #fresh(): Backoff {
    const { upgradeMs, stableMs } = this.#limits;
    const limits = { baseMs: upgradeMs, capMs: upgradeMs * rarest, stableMs };
    return new Backoff(limits, this.#runtime.random);
  }
}
