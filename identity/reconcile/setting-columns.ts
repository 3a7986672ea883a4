import type { CustomerKeyName } from "../accounts/customer-keys.ts";
import type { RecordedApiKey } from "../administration/recorded-api-key.ts";

/**
 * The columns of `sealdesk.tenants` whose changes the log records, the table of its API keys, and the version of
 * its policy that took effect last.
 */
export const settingColumns = [
  "customer_keys",
  "customer_jwks_url",
  "revoked_customer_kids",
  "origins",
  "suspended_at_ms",
  "staff_history_grants",
  "api_keys",
  "second_factor_roles",
  "policy_in_force",
] as const;
export type SettingColumn = (typeof settingColumns)[number];

/** The name of a customer key in a comparison. */
export const keyLabel = ({ kid, alg, thumbprint }: CustomerKeyName): string =>
  `${kid} (${alg}, ${thumbprint})`;

/** The name of an API key in a comparison, with what it may do and for how long. */
export const apiKeyLabel = ({ id, scopes, secretHash, expiresAtMs }: RecordedApiKey): string =>
  `${id} (${scopes.join(" ")}, until ${expiresAtMs}, ${secretHash})`;

/** A version of the policy in a comparison: its number, the SHA-256 of its changes, and since when it decides. */
export const policyLabel = (version: {
  readonly version: number;
  /** In hexadecimal. */
  readonly hash: string;
  readonly effectiveFromMs: number;
}): string => `version ${version.version} (${version.hash}, from ${version.effectiveFromMs})`;
