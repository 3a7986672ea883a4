import type { CustomerKeyName } from "../accounts/customer-keys.ts";
import type { SetLimits } from "../../policies/tenant-limits.ts";
import type { RecordedApiKey } from "../administration/recorded-api-key.ts";

/**
 * The columns of `sealdesk.tenants` whose changes the log records, the table of its API keys, and `limits` for the columns
 * of `tenantLimits`.
 */
export const settingColumns = [
  "customer_keys",
  "customer_jwks_url",
  "revoked_customer_kids",
  "origins",
  "suspended_at_ms",
  "staff_history_grants",
  "anonymous_customers",
  "api_keys",
  "second_factor_roles",
  "idle_log_off_minutes",
  "purpose_reads",
  "purpose_codes",
  "accounting_operations",
  "required_consents",
  "revision_minutes",
  "limits",
] as const;
export type SettingColumn = (typeof settingColumns)[number];

/** The name of a customer key in a comparison. */
export const keyLabel = ({ kid, alg, thumbprint }: CustomerKeyName): string =>
  `${kid} (${alg}, ${thumbprint})`;

/** The words of limits in a comparison. */
export const limitWords = (limits: SetLimits): readonly string[] =>
  Object.entries(limits)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted();

/** The name of an API key in a comparison, with what it may do and for how long. */
export const apiKeyLabel = ({ id, scopes, secretHash, expiresAtMs }: RecordedApiKey): string =>
  `${id} (${scopes.join(" ")}, until ${expiresAtMs}, ${secretHash})`;
