import type { Uuid } from "../../crypto/wire/uuid.ts";

/**
 * Brings the device lists of the user's conversations in line with their devices: each gets an
 * event and a new epoch. Called after the change is durable; a periodic task finishes what a crash
 * leaves undone. Given by `messaging`.
 */
export type Announce = (account: { readonly tenant: Uuid; readonly user: Uuid }) => Promise<void>;
