import { inspect } from "node:util";

const redacted = "[redacted]";

/** A value that no log, error or JSON shows. Only `reveal` returns it, at the place of its use. */
export class Secret<T> {
  readonly #value: T;
  constructor(value: T) {
    this.#value = value;
  }
  reveal(): T {
    return this.#value;
  }
  toString(): string {
    return redacted;
  }
  toJSON(): string {
    return redacted;
  }
  [inspect.custom](): string {
    return redacted;
  }
}
