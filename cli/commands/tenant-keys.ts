import {
  changeCustomerKeys,
  type CustomerKeysChange,
} from "../../identity/accounts/change-customer-keys.ts";
import { nameKeys, type CustomerKeyName } from "../../identity/accounts/customer-keys.ts";
import {
  revokeCustomerKey,
  unrevokeCustomerKey,
} from "../../identity/accounts/revoke-customer-key.ts";
import { namedTenant } from "../named-tenant.ts";
import { readCustomerKeys } from "../read-customer-keys.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

/**
 * Returns one line for each key that signs the tenant's customer tokens, and lines for the URL of further keys
 * and for revoked keys, if there are any.
 */
export async function listKeysCommand(
  settings: Settings,
  { slug }: { readonly slug: string },
): Promise<string> {
  const tenant = await withDatabase(settings, ({ pool }) => namedTenant(pool, slug));
  return [
    listed(await nameKeys(tenant.customerKeys)),
    ...(tenant.customerJwksUrl === null ? [] : [`Further keys: ${tenant.customerJwksUrl}`]),
    ...tenant.revokedCustomerKids.map((kid) => `Revoked: ${kid}`),
  ].join("\n");
}

/** Replaces the tenant's keys with those of a file, or adds these. */
export async function giveKeysCommand(
  settings: Settings,
  kind: "set" | "add",
  options: { readonly slug: string; readonly customerKeys: string; readonly kid?: string },
): Promise<string> {
  const keys = await readCustomerKeys(options.customerKeys, options.kid);
  return change(settings, options.slug, { kind, keys });
}

/** Removes one of the tenant's keys. */
export function removeKeyCommand(
  settings: Settings,
  { slug, kid }: { readonly slug: string; readonly kid: string },
): Promise<string> {
  return change(settings, slug, { kind: "remove", kid });
}

/** Refuses a key, wherever it comes from. */
export async function revokeKeyCommand(
  settings: Settings,
  { slug, kid }: { readonly slug: string; readonly kid: string },
): Promise<string> {
  const revoked = await withDatabase(settings, ({ ownerUrl }) =>
    revokeCustomerKey(ownerUrl, { slug, kid, nowMs: Date.now(), by: settings.operator }),
  );
  return `From the next sign-in on these keys are refused:\n${revoked.join("\n")}`;
}

/** Ends the revocation of a key. */
export async function unrevokeKeyCommand(
  settings: Settings,
  { slug, kid }: { readonly slug: string; readonly kid: string },
): Promise<string> {
  const revoked = await withDatabase(settings, ({ ownerUrl }) =>
    unrevokeCustomerKey(ownerUrl, { slug, kid, nowMs: Date.now(), by: settings.operator }),
  );
  return `From the next sign-in on these keys are refused:\n${revoked.join("\n") || "none"}`;
}

async function change(
  settings: Settings,
  slug: string,
  wanted: CustomerKeysChange,
): Promise<string> {
  const names = await withDatabase(settings, ({ ownerUrl }) =>
    changeCustomerKeys(ownerUrl, {
      slug,
      change: wanted,
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return `From the next sign-in on these keys count:\n${listed(names)}`;
}

const listed = (names: readonly CustomerKeyName[]): string =>
  names.length === 0
    ? "There is no key. Without the URL of a key set, no customer of this tenant can sign in."
    : keyLines(names);

/** Returns one line for each key. */
export const keyLines = (names: readonly CustomerKeyName[]): string =>
  names.map(({ kid, alg, thumbprint }) => `${kid}  ${alg}  ${thumbprint}`).join("\n");
