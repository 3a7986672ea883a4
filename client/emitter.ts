/** Calls listeners by event name. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  /** @returns a function that removes the listener */
  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** @returns whether anybody listens */
  emit<K extends keyof Events>(name: K, event: Events[K]): boolean {
    for (const listener of this.#listeners.get(name) ?? [])
      try {
        (listener as (event: Events[K]) => void)(event);
      } catch (error) {
        // A listener's own error is reported as an uncaught error. It must not affect the emitter.
        queueMicrotask(() => {
          throw error;
        });
      }
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }
}
