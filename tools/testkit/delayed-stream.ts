import { Transform, type TransformCallback } from "node:stream";

/** One direction of a connection. It passes on data after a delay until it is silenced. */
export class DelayedStream extends Transform {
  readonly #latencyMs: () => number;
  #silent = false;

  /** @param latencyMs called for each piece */
  constructor(latencyMs: () => number) {
    super();
    this.#latencyMs = latencyMs;
  }

  get silent(): boolean {
    return this.#silent;
  }

  /** Drops everything from now on. The end of the stream is not passed on either. */
  silence(): void {
    this.#silent = true;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const latencyMs = this.#latencyMs();
    if (this.#silent) done();
    else if (latencyMs === 0) done(null, chunk);
    else setTimeout(done, latencyMs, null, chunk);
  }

  override _flush(done: TransformCallback): void {
    if (!this.#silent) done();
  }
}
