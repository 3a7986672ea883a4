import type { Uuid } from "../../crypto/wire/uuid.ts";

/**
 * Updates the device lists of the user's conversations to match the user's devices. Each
 * conversation gets an event and a new epoch. Call it after the change is durable. A periodic task
 * finishes the work that a crash interrupted. `messaging` provides the function.
 */
export type Announce = (account: { readonly tenant: Uuid; readonly user: Uuid }) => Promise<void>;
