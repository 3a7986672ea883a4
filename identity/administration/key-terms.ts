import { IdentityError } from "../identity-error.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** The most keys of a tenant, and of the operator, with those that have ended. */
export const MAX_KEYS = 50;

export const invalidKey = (sentence: string): IdentityError =>
  new IdentityError("invalid_api_key", sentence);

/** @throws IdentityError invalid_api_key, if the name of a key does not have its form */
export function assertKeyName(name: string): void {
  if (!NAME.test(name))
    throw invalidKey(
      "The name of a key has 1 to 63 lower-case letters, digits and hyphens, and does not begin with a hyphen.",
    );
}

/**
 * Returns when a key ends.
 * @param days how long it is valid, from 1 to 366
 * @throws IdentityError invalid_api_key
 */
export function endOfKey(days: number, nowMs: number): number {
  if (Number.isInteger(days) && days >= 1 && days <= 366) return nowMs + days * DAY_MS;
  throw invalidKey("A key is valid for 1 to 366 days.");
}

/**
 * Returns when a key that is replaced ends.
 * @param hours how long it is valid beside the new one, from 0 to 720
 * @throws IdentityError invalid_api_key
 */
export function endOfOverlap(hours: number, nowMs: number): number {
  if (Number.isInteger(hours) && hours >= 0 && hours <= 720)
    return Math.max(nowMs + hours * HOUR_MS, nowMs + 1);
  throw invalidKey("The overlap is 0 to 720 hours.");
}
