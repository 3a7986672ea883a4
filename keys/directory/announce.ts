import type { Client } from "../../db/pool.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";

/**
 * Tells the conversations of `user` that their devices changed, in the transaction of the change:
 * epochs advance together with the device list or neither does. Given by `messaging`.
 */
export type Announce = (
  client: Client,
  change: { readonly tenant: Uuid; readonly user: Uuid; readonly device: Uuid },
) => Promise<void>;
