import type { JSONWebKeySet } from "jose";
import { IdentityError } from "../identity-error.ts";
import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";
import { assertCount, nameKeys, type CustomerKeyName } from "./customer-keys.ts";

/** An operator's change of the keys that sign a tenant's customer tokens. */
export type CustomerKeysChange =
  | { readonly kind: "set" | "add"; readonly keys: JSONWebKeySet }
  | { readonly kind: "remove"; readonly kid: string };

const actions = {
  set: "tenant.set_customer_keys",
  add: "tenant.add_customer_keys",
  remove: "tenant.remove_customer_key",
} as const;

/**
 * Replaces a tenant's customer keys, adds to them, or removes one. Every node goes by the new ones from
 * its next sign-in on, because it reads them then. Sessions that are open stay open.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @returns the names of the keys that the tenant has now
 * @throws IdentityError tenant_not_found, customer_key_exists, customer_key_not_found, invalid_customer_keys
 */
export async function changeCustomerKeys(
  ownerUrl: string,
  {
    slug,
    change,
    nowMs,
    by,
  }: {
    readonly slug: string;
    readonly change: CustomerKeysChange;
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<readonly CustomerKeyName[]> {
  let names: readonly CustomerKeyName[] = [];
  await changeTenant(
    ownerUrl,
    { slug, action: actions[change.kind], nowMs, by },
    async (client, { id, customerKeys, revokedCustomerKids }) => {
      if (change.kind !== "remove") assertNoneRevoked(change.keys, revokedCustomerKids);
      const keys = changed(customerKeys, change);
      await client.query("update sealdesk.tenants set customer_keys = $2 where id = $1", [
        id,
        JSON.stringify(keys),
      ]);
      names = await nameKeys(keys);
      return { keys: names.map((name) => ({ ...name })) };
    },
  );
  return names;
}

/** @throws IdentityError invalid_customer_keys */
function assertNoneRevoked({ keys }: JSONWebKeySet, revoked: readonly string[]): void {
  const key = keys.find(({ kid = "" }) => revoked.includes(kid));
  if (key !== undefined)
    throw new IdentityError(
      "invalid_customer_keys",
      `The key "${key.kid}" is revoked. Give the new key another "kid".`,
    );
}

function changed(before: JSONWebKeySet, change: CustomerKeysChange): JSONWebKeySet {
  const has = (kid: string | undefined) => before.keys.some((key) => key.kid === kid);
  switch (change.kind) {
    case "set":
      return change.keys;
    case "add":
      for (const { kid } of change.keys.keys)
        if (has(kid))
          throw new IdentityError(
            "customer_key_exists",
            `The tenant has a key "${kid}" already. Give the new key another "kid", or remove the old one first.`,
          );
      assertCount(before.keys.length + change.keys.keys.length);
      return { keys: [...before.keys, ...change.keys.keys] };
    case "remove":
      if (!has(change.kid))
        throw new IdentityError("customer_key_not_found", `The tenant has no key "${change.kid}".`);
      return { keys: before.keys.filter(({ kid }) => kid !== change.kid) };
  }
}
