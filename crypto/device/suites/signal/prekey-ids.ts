import type { Staging } from "./staging.ts";
import { names } from "./store-names.ts";

const mostSkipped = 65_536;

/** New prekey ids, counting from 1. No id is used twice, so that it never names another key. */
export class PreKeyIds {
  readonly #staging: Staging;
  #next: number;

  private constructor(staging: Staging, next: number) {
    this.#staging = staging;
    this.#next = next;
  }

  static async load(staging: Staging): Promise<PreKeyIds> {
    const stored = await staging.get(names.nextPreKeyId);
    if (stored === undefined) return new PreKeyIds(staging, 1);
    const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
    return new PreKeyIds(staging, view.getUint32(0));
  }

  /**
   * Skips the ids up to `highest`, but at most the next 65,536. A false claim must not use up the
   * ids.
   */
  skipTo(highest: number): void {
    this.#next = Math.max(this.#next, Math.min(highest + 1, this.#next + mostSkipped));
  }

  take(): number {
    return this.#next++;
  }

  save(): void {
    const record = new Uint8Array(4);
    new DataView(record.buffer).setUint32(0, this.#next);
    this.#staging.put(names.nextPreKeyId, record);
  }
}
