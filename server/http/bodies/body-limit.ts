/** The largest size of a route's body, and the longest time to receive it. */
export interface BodyLimit {
  readonly bytes: number;
  /**
   * Milliseconds until a body that is read as a whole must be there. For a body that is passed on
   * as it arrives, the longest time without a byte.
   */
  readonly withinMs: number;
}

/** The limit of a route that declares no other. */
export const noBody: BodyLimit = { bytes: 0, withinMs: 10_000 };

/** Enough for a few ids, a signature or a token. */
export const smallBody: BodyLimit = { bytes: 16 * 1024, withinMs: 10_000 };

/** Fits 100 one-time prekeys of each kind, which is all that a device may publish at once. */
export const preKeysLimit: BodyLimit = { bytes: 320 * 1024, withinMs: 20_000 };
