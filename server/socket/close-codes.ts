/**
 * Why the relay closes a socket. After 3000-3499 and 4000-4499 the device connects again. Every
 * other code is final until a person acts.
 */
export const closeCodes = {
  /** The node is stopping. Another node will serve the device. */
  going_away: 3001,
  /** Renew the access token, then connect again. */
  token_expired: 4001,
  /** The hello did not come in time. */
  hello_timeout: 4002,
  /** The relay could not serve the connection. Nothing is wrong with the device. */
  try_again: 4003,
  /** The account has another role now. Connect again; the new role decides what is delivered. */
  role_changed: 4004,
  /** The device neither acknowledged nor took its deliveries for too long. */
  stalled: 4010,
  /** The device was silent and did not answer a ping. */
  silent: 4011,
  /** The device sent an invalid frame, or a frame in the wrong place. */
  protocol_error: 4500,
  /** The token or the device proof is not valid. */
  unauthenticated: 4501,
  /** The device is not registered, or was revoked. */
  device_refused: 4503,
  /** The tenant is suspended. */
  tenant_suspended: 4504,
  /** The person did nothing for too long. They must sign in again. */
  session_idle: 4505,
  /** The same device opened another socket. */
  displaced: 4509,
} as const;

export type CloseReason = keyof typeof closeCodes;
