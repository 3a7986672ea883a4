import { SealdeskError } from "./errors.ts";

/** The part of the Web Locks API that this SDK uses. */
export interface StoreLocks {
  request(
    name: string,
    options: { readonly ifAvailable: true },
    callback: (lock: object | null) => Promise<void>,
  ): Promise<unknown>;
}

/** Returns the browser's locks. Other platforms may have none. */
export const platformLocks = (): StoreLocks | undefined =>
  (globalThis as { readonly navigator?: { readonly locks?: StoreLocks } }).navigator?.locks;

/**
 * Locks a store against other tabs and workers of the same origin, which can all open its
 * IndexedDB. Two that advance one ratchet would seal twice under one key. The browser releases the
 * lock with its page.
 * @returns a function that releases the lock and resolves when others may have it
 * @throws SealdeskError store_in_use: another tab or worker has it
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
