import { Transform, type TransformCallback } from "node:stream";

/** One way of a connection: passes on what comes, after a time, until it is silenced. */
export class Way extends Transform {
  readonly #latencyMs: () => number;
  #silent = false;

  /** @param latencyMs asked for each piece */
  constructor(latencyMs: () => number) {
    super();
    this.#latencyMs = latencyMs;
  }

  get silent(): boolean {
    return this.#silent;
  }

  /** What comes from now on disappears, and its end is not passed on. */
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
