/**
 * Why the relay closes a socket. 3000-3499 and 4000-4499 mean: connect again; every other code is
 * final for this device until somebody acts.
 */
export const closeCodes = {
  /** The node is stopping; another will serve. */
  going_away: 3001,
  /** Renew the access token, then connect again. */
  token_expired: 4001,
  /** No hello came in time. */
  hello_timeout: 4002,
  /** The relay could not serve the connection; nothing is wrong with the device. */
  try_again: 4003,
  /** Deliveries were held up for too long: the device neither acknowledged nor took them. */
  stalled: 4010,
  /** Nothing was heard of the device, not even on being asked. */
  silent: 4011,
  /** A frame that is not one, or not in its place. */
  protocol_error: 4500,
  /** The token or the device proof is not valid. */
  unauthenticated: 4501,
  /** The device is not registered, or revoked. */
  device_refused: 4503,
  /** The tenant is suspended. */
  tenant_suspended: 4504,
  /** The same device opened another socket. */
  displaced: 4509,
} as const;

export type CloseReason = keyof typeof closeCodes;
