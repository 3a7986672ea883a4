import type { StoreLocks } from "../../client/store-lock.ts";

/** A browser's lock manager, as a double: what one origin's tabs share. */
export class LocksDouble implements StoreLocks {
  readonly held = new Set<string>();

  async request(
    name: string,
    _options: { readonly ifAvailable: true },
    callback: (lock: object | null) => Promise<void>,
  ): Promise<void> {
    if (this.held.has(name)) return callback(null);
    this.held.add(name);
    try {
      await callback({ name });
    } finally {
      this.held.delete(name);
    }
  }
}
