const LENGTH_BYTES = 4;
const NONE = Buffer.alloc(0);

/**
 * Frames in the order of their arrival. They are kept in one buffer, because the smallest frames take a
 * hundred times their size as objects.
 */
export class WaitingFrames {
  #buffer = NONE;
  #start = 0;
  #end = 0;

  get isEmpty(): boolean {
    return this.#start === this.#end;
  }

  /** Copies the frame. */
  push(frame: Uint8Array): void {
    this.#reserve(LENGTH_BYTES + frame.length);
    this.#end = this.#buffer.writeUInt32LE(frame.length, this.#end);
    this.#buffer.set(frame, this.#end);
    this.#end += frame.length;
  }

  /** Takes the first frame out, or returns undefined when no frame waits. */
  shift(): Uint8Array | undefined {
    if (this.isEmpty) return undefined;
    const start = this.#start + LENGTH_BYTES;
    this.#start = start + this.#buffer.readUInt32LE(this.#start);
    const frame = this.#buffer.subarray(start, this.#start);
    if (this.isEmpty) this.clear();
    return frame;
  }

  clear(): void {
    this.#buffer = NONE;
    this.#start = 0;
    this.#end = 0;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return;
    const waiting = this.#end - this.#start;
    const larger = Buffer.alloc(2 * (waiting + bytes));
    this.#buffer.copy(larger, 0, this.#start, this.#end);
    this.#buffer = larger;
    this.#start = 0;
    this.#end = waiting;
  }
}
