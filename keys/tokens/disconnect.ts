import type { Uuid } from "../../crypto/wire/uuid.ts";

/**
 * Closes what a device has open: on the session that has ended, or on any when none is named. Called
 * once the end is durable. Given by `server`.
 */
export type Disconnect = (ended: {
  readonly tenant: Uuid;
  readonly device: Uuid;
  readonly session?: Uuid | undefined;
}) => void;
