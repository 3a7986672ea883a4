import type { Uuid } from "../../crypto/wire/uuid.ts";

/**
 * Closes the connections of a device: those of `session`, or all of them if no session is given.
 * Call it after the end is committed. `server` implements it.
 */
export type Disconnect = (ended: {
  readonly tenant: Uuid;
  readonly device: Uuid;
  readonly session?: Uuid | undefined;
}) => void;
