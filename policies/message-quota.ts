const DAY_MS = 86_400_000;

/** Returns the number of the day (UTC) since the Unix epoch. */
export const dayOf = (atMs: number): number => Math.floor(atMs / DAY_MS);

/** Counted events, and bytes of their ciphertext and packets. */
export interface StoredMessages {
  readonly items: number;
  readonly bytes: number;
}

/** The stored amounts and their limits. */
export interface MessageQuotaFacts {
  /** The amount that the account stored today. */
  readonly account: StoredMessages;
  readonly accountLimit: StoredMessages;
  /** The amount that the logs of the tenant's conversations hold. */
  readonly tenant: StoredMessages;
  readonly tenantLimit: StoredMessages;
}

/** The time that a sender waits before it asks again whether the tenant has space. */
const TENANT_RETRY_MS = 15 * 60_000;

const isFull = (stored: StoredMessages, limit: StoredMessages): boolean =>
  stored.items >= limit.items || stored.bytes >= limit.bytes;

/**
 * Decides whether one more message may be stored. A message is stored if the quota is not yet used
 * up. So once a message is refused, a smaller one after it is refused too, and messages keep their
 * order. Pure.
 * @param nowMs milliseconds since the Unix epoch
 * @returns 0 if it may, or the milliseconds after which it can be tried again
 */
export function decideMessageQuota(facts: MessageQuotaFacts, nowMs: number): number {
  if (isFull(facts.account, facts.accountLimit)) return (dayOf(nowMs) + 1) * DAY_MS - nowMs;
  if (isFull(facts.tenant, facts.tenantLimit)) return TENANT_RETRY_MS;
  return 0;
}
