import type { TenantId, DeviceId, SessionId } from "../../crypto/wire/ids.ts";

/**
 * Closes the connections of a device: those of `session`, or all of them if no session is given.
 * Call it after the end is committed. `server` implements it.
 */
export type Disconnect = (ended: {
  readonly tenant: TenantId;
  readonly device: DeviceId;
  readonly session?: SessionId | undefined;
  /** The person did nothing for too long. */
  readonly wasIdle?: boolean;
}) => void;
