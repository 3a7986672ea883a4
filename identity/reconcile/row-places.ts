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
  factor: (user: string) => `sealdesk.totp_factors ${user} secret (its SHA-256)`,
  recoveryCode: (user: string, digest: string) => `sealdesk.recovery_codes ${user} ${digest}`,
  webhook: () => "sealdesk.alert_webhooks",
  acknowledgement: (alert: string) => `sealdesk.alerts ${alert} acknowledged_at_ms`,
  passkey: (user: string, passkey: string) => `sealdesk.passkeys ${user} ${passkey}`,
  version: (version: number) => `sealdesk.policy_versions ${version}`,
  teamMember: (team: string, user: string) => `sealdesk.team_members ${team} ${user}`,
  provider: (name: string) => `sealdesk.identity_providers ${name}`,
} as const;

/** Returns whether a place is that of a passkey of the account. */
export const isPasskeyOf = (user: string, place: string): boolean =>
  place.startsWith(placeOf.passkey(user, ""));

/** Returns whether a place is that of a recovery code, of the account if one is given. */
export const isRecoveryCode = (place: string, user?: string): boolean =>
  place.startsWith(
    user === undefined ? "sealdesk.recovery_codes " : placeOf.recoveryCode(user, ""),
  );

/** Who gave a membership of a team, as words: the provider by its name, or an administrator. */
export const membershipWords = (provider: string | undefined): readonly string[] => [
  provider === undefined ? "by an administrator" : `by ${provider}`,
];

/** Returns whether a place is that of a membership of a team, of the account if one is given. */
export const isTeamMember = (place: string, user = ""): boolean =>
  place.startsWith("sealdesk.team_members ") && place.endsWith(user);

/** A disabled account as words. Only the operator enables what the operator disabled. */
export const disabledWords = (isByProvider: boolean): readonly string[] => [
  isByProvider ? "disabled by an identity provider" : "disabled by the operator",
];

/** The webhook of alerts as words: the SHA-256 of its URL in hexadecimal, and whether the server gave it up. */
export const webhookWords = (urlHash: string, isDisabled: boolean): readonly string[] => [
  `url ${urlHash}`,
  ...(isDisabled ? ["disabled"] : []),
];

/** An approved version of the policy as words: the SHA-256 of its changes in hexadecimal, and since when it decides. */
export const versionWords = (version: {
  readonly hash: string;
  readonly effectiveFromMs: number;
}): readonly string[] => [`changes ${version.hash}`, `from ${version.effectiveFromMs}`];
