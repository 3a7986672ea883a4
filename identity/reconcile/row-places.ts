/** A row as it is compared. */
export interface StoredRow {
  readonly words: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly createdAtMs: number;
}

/** The names of rows in a comparison. */
export const placeOf = {
  password: (user: string) => `sealdesk.users ${user} password_hash (its SHA-256)`,
  identity: (user: string) => `sealdesk.users ${user} identity_index (its SHA-256)`,
  disabled: (user: string) => `sealdesk.users ${user} disabled_at_ms`,
  factor: (user: string) => `sealdesk.totp_factors ${user}`,
  passkey: (user: string, passkey: string) => `sealdesk.passkeys ${user} ${passkey}`,
  version: (version: number) => `sealdesk.policy_versions ${version}`,
  provider: (name: string) => `sealdesk.identity_providers ${name}`,
} as const;

/** Returns whether a place is that of a passkey of the account. */
export const isPasskeyOf = (user: string, place: string): boolean =>
  place.startsWith(placeOf.passkey(user, ""));

/** An approved version of the policy as words: the SHA-256 of its changes in hexadecimal, and since when it decides. */
export const versionWords = (version: {
  readonly hash: string;
  readonly effectiveFromMs: number;
}): readonly string[] => [`changes ${version.hash}`, `from ${version.effectiveFromMs}`];
