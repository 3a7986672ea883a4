import { SealdeskError } from "./errors.ts";

/** What this SDK uses of the Web Locks API. */
export interface StoreLocks {
  request(
    name: string,
    options: { readonly ifAvailable: true },
    callback: (lock: object | null) => Promise<void>,
  ): Promise<unknown>;
}

/** The browser's; elsewhere there may be none. */
export const platformLocks = (): StoreLocks | undefined =>
  (globalThis as { readonly navigator?: { readonly locks?: StoreLocks } }).navigator?.locks;

/**
 * Keeps other tabs and workers of the origin away from a store: an IndexedDB is open to all of them,
 * and two that advance one ratchet would seal twice with one key. The browser ends the lock with its
 * page.
 * @returns what releases it; resolves when somebody else may have it
 * @throws SealdeskError store_in_use: another one has it
 */
export function lockStore(locks: StoreLocks, location: string): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    const held = locks.request(`sealdesk-store:${location}`, { ifAvailable: true }, (lock) => {
      if (lock === null) throw storeInUse();
      return new Promise<void>((end) => {
        resolve(async () => {
          end();
          await held;
        });
      });
    });
    held.catch(reject);
  });
}

export const storeInUse = (cause?: unknown): SealdeskError =>
  new SealdeskError("store_in_use", "Another process, tab or worker has this store open.", {
    cause,
  });
