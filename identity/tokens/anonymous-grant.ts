import { NO_TENANT } from "../../audit/logs.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { decideAnonymousSignIn, type AnonymousFacts } from "../../policies/anonymous-customers.ts";
import { assertServes } from "../accounts/assert-serves.ts";
import { createAnonymous, findKeyHolder } from "../accounts/anonymous-customer.ts";
import type { Tenant } from "../accounts/tenant.ts";
import { IdentityError } from "../identity-error.ts";
import type { ProvenKey } from "./device-proof.ts";
import { hasDevice } from "./has-device.ts";
import { recordCustomer } from "./record-customer.ts";
import type { SignIn, SignInDeps } from "./sign-in.ts";

/** The anonymous account, or why there is none. */
type AnonymousOutcome =
  | { readonly user: UserId; readonly isRegistered: boolean }
  | {
      readonly failure: "unknown_tenant" | "anonymous_not_allowed" | "customer_known";
      readonly user?: UserId | undefined;
      readonly told?: IdentityError;
    };

/**
 * Finds the anonymous account of the device key, or creates it. The proof of the key is all the evidence.
 * @throws IdentityError origin_not_allowed, tenant_suspended, before an account is created
 * @throws HttpError rate_limited, before an account is created
 */
export async function byDeviceAlone(
  deps: Pick<SignInDeps, "pool" | "newId" | "limits" | "requestId">,
  { origin }: Pick<SignIn, "origin">,
  tenant: Tenant | undefined,
  { deviceKey }: ProvenKey,
  nowMs: number,
): Promise<AnonymousOutcome> {
  // Without a tenant, the same query runs and finds nothing.
  const holder = await inTransaction(deps.pool, tenant?.id ?? NO_TENANT, (client) =>
    findKeyHolder(client, deviceKey),
  );
  if (tenant === undefined) return { failure: "unknown_tenant" };
  const facts: AnonymousFacts = {
    tenantAllows: tenant.anonymousCustomers,
    key: holder?.key ?? "of_nobody",
  };
  const { allowed, reasons } = decideAnonymousSignIn(facts);
  if (!allowed) {
    if (!reasons.includes("customer_known")) return { failure: "anonymous_not_allowed" };
    return { failure: "customer_known", user: holder?.user, told: customerKnown() };
  }
  // These come before the account. A device that has one uses up nothing of the limits.
  if (holder === undefined) {
    assertServes(tenant, origin);
    await deps.limits.anonymousBegins(tenant.id);
  }
  return inTransaction(deps.pool, tenant.id, async (client) => {
    const account = { tenant: tenant.id, newId: deps.newId<UserId>(), deviceKey, nowMs };
    if (holder === undefined && (await createAnonymous(client, account)))
      await recordCustomer(deps, client, {
        tenant: tenant.id,
        user: account.newId,
        nowMs,
        anonymous: true,
      });
    const user = holder?.user ?? (await findKeyHolder(client, deviceKey))?.user;
    if (user === undefined) throw new Error("an account vanished between two statements");
    return { user, isRegistered: await hasDevice(client, user, deviceKey) };
  });
}

/** @returns IdentityError customer_known */
export const customerKnown = (): IdentityError =>
  new IdentityError(
    "customer_known",
    "This device belongs to somebody who is known. Sign in as them, or connect with a fresh store.",
  );
