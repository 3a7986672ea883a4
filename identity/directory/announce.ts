import type { TenantId, UserId } from "../../crypto/wire/ids.ts";

/**
 * Updates the device lists of the user's conversations to match the user's devices. Each
 * conversation gets an event and a new epoch. Call it after the change is durable. A periodic task
 * finishes the work that a crash interrupted. `messaging` provides the function.
 */
export type Announce = (account: {
  readonly tenant: TenantId;
  readonly user: UserId;
}) => Promise<void>;
