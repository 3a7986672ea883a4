import { utf8 } from "../../crypto/wire/bytes.ts";
import type { Kms } from "../kms/kms.ts";

/**
 * The server's own keys. None of them opens a message: `tokens` signs access tokens (an Ed25519
 * seed), `franking` tags accepted messages, `blind-index` finds a customer by their subject without
 * storing it (HMAC-SHA-256 keys).
 */
export const serverKeyNames = ["tokens", "franking", "blind-index"] as const;
export type ServerKeyName = (typeof serverKeyNames)[number];

/** The service's key that wraps them. */
export const SERVER_KEYS_KEK = "sealdesk-server-keys";

/** A row of `server_keys`. Times are milliseconds since the Unix epoch. */
export interface ServerKeyRow {
  readonly name: ServerKeyName;
  readonly version: number;
  readonly provider: Kms["name"];
  readonly wrappingVersion: number;
  readonly wrapped: Uint8Array | null;
  readonly createdAtMs: number;
  readonly retiredAtMs: number | null;
  readonly servesUntilMs: number | null;
  readonly destroyedAtMs: number | null;
}

/**
 * Returns the context that a wrapping is bound to, so that one row's key cannot pass for another
 * row's.
 */
export const serverKeyContext = (name: ServerKeyName, version: number): Uint8Array =>
  utf8(`sealdesk/server-key/v1\0${name}\0${version}`);

/** Returns whether the key still verifies the tokens, tags or indexes that it made. */
export const serves = (row: ServerKeyRow, nowMs: number): boolean =>
  row.wrapped !== null && (row.servesUntilMs === null || nowMs < row.servesUntilMs);
