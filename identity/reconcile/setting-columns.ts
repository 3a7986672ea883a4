import type { CustomerKeyName } from "../accounts/customer-keys.ts";

/** The columns of `sealdesk.tenants` whose changes the log records. */
export const settingColumns = [
  "customer_keys",
  "customer_jwks_url",
  "revoked_customer_kids",
  "origins",
  "suspended_at_ms",
  "staff_history_grants",
] as const;
export type SettingColumn = (typeof settingColumns)[number];

/** The name of a customer key in a comparison. */
export const keyLabel = ({ kid, alg, thumbprint }: CustomerKeyName): string =>
  `${kid} (${alg}, ${thumbprint})`;
