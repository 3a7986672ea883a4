import { inTransaction } from "../../db/transaction.ts";
import { NO_TENANT } from "../../audit/logs.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { assertIdentifies, findKeyHolder } from "../accounts/anonymous-customer.ts";
import { askCustodians } from "../accounts/ask-custodians.ts";
import { assertNotErased } from "../accounts/assert-not-erased.ts";
import { findCustomer, findOrCreateCustomer, subjectIndexes } from "../accounts/customer.ts";
import { isPassword } from "../passwords/password-hash.ts";
import type { Tenant } from "../accounts/tenant.ts";
import {
  provePasskey,
  type PasskeyAnswer,
  type PasskeyFailure,
} from "../passkeys/prove-passkey.ts";
import { proveFactor, type FactorProof } from "../second-factor/prove-factor.ts";
import { VERIFIED, type VerifiedAccount } from "../second-factor/verified-account.ts";
import type { Secret } from "../../keys/secret.ts";
import { IdentityError } from "../identity-error.ts";
import type { OidcGrant } from "../providers/redeem-code.ts";
import type { CustomerTokenRefusal } from "./customer-token/finding.ts";
import type { AssuranceLevel } from "../../policies/sign-in-facts.ts";
import type { Holder } from "../../policies/fair-shares.ts";
import { keyIn } from "./customer-keys/find-key.ts";
import {
  signInWithProvider,
  type ProviderOutcome,
  type ProviderSession,
} from "../providers/sign-in-with-provider.ts";
import { byDeviceAlone } from "./anonymous-grant.ts";
import { hasDevice, IS_REGISTERED } from "./has-device.ts";
import { recordCustomer } from "./record-customer.ts";
import { inspectCustomerToken } from "./customer-token/inspect-token.ts";
import type { ProvenKey } from "./device-proof.ts";
import type { Grant, SignIn, SignInDeps } from "./sign-in.ts";

/** Reasons why a grant proves no account. */
export type GrantFailure =
  | "unknown_tenant"
  | "unknown_user"
  | "wrong_password"
  | "second_factor_required"
  | "second_factor_failed"
  | "second_factor_locked"
  | "credentials_changed"
  | "account_disabled"
  | "not_a_customer"
  | PasskeyFailure
  | "anonymous_not_allowed"
  | "customer_known"
  | "linked_to_another"
  | CustomerTokenRefusal
  | Refused<ProviderOutcome>["failure"];
type Refused<T> = Extract<T, { readonly failure: unknown }>;

/**
 * The account that a grant proves, or the reason for its failure. The reason is for the audit log
 * and the server's log. Never put it into a response.
 */
export type Identified =
  | {
      readonly user: UserId;
      /** True if the key that signed the proof is that of a registered device of the account. */
      readonly isRegistered: boolean;
      /** The session of the identity provider that vouches for the user. */
      readonly provider?: ProviderSession | undefined;
      /** The second factor that was proved. */
      readonly factor?: FactorProof["kind"];
      /** What the password and the second factor were compared with. It must still be so when the session opens. */
      readonly verified?: VerifiedAccount | undefined;
      /** What the customer token says about who the customer is; 0 without one. */
      readonly assurance?: AssuranceLevel;
      /** The index of the customer whom the token names, if the account is still anonymous. */
      readonly subjectIndex?: Uint8Array;
    }
  | {
      readonly failure: GrantFailure;
      readonly user?: UserId | undefined;
      /** The error that the device is told. Without it, it is told that the sign-in failed. */
      readonly told?: IdentityError | undefined;
    };

type Deps = Pick<
  SignInDeps,
  | "pool"
  | "now"
  | "newId"
  | "totpSecrets"
  | "challenges"
  | "blindIndexKeys"
  | "profiles"
  | "customerKeys"
  | "publicUrl"
  | "limits"
  | "requestId"
  | "providers"
  | "disconnect"
>;

/**
 * Finds the account that `request.grant` proves. For an unknown tenant or name it does the same
 * work as for a known one.
 */
export async function identifyByGrant(
  deps: Deps,
  request: SignIn,
  tenant: Tenant | undefined,
  key: ProvenKey,
  nowMs: number,
): Promise<Identified> {
  const { grant } = request;
  switch (grant.kind) {
    case "password":
      return byPassword(deps, request, tenant, grant, key, nowMs);
    case "customer_token":
      return byCustomerToken(deps, request.tenant, tenant, grant.token, key, nowMs);
    case "passkey":
      return byPasskey(deps, request, tenant, grant.answer, key, nowMs);
    case "anonymous":
      return byDeviceAlone(deps, request, tenant, key, nowMs);
    case "oidc":
      return byProvider(deps, tenant, request.origin, grant, key, nowMs);
  }
}

async function byPassword(
  deps: Deps,
  { tenant: slug, origin }: SignIn,
  tenant: Tenant | undefined,
  { username, password, factor }: Extract<Grant, { readonly kind: "password" }>,
  { deviceKey, thumbprint }: ProvenKey,
  nowMs: number,
): Promise<Identified> {
  const { pool, profiles, limits } = deps;
  // Without a tenant, the same queries run and find nothing.
  const id = tenant?.id ?? NO_TENANT;
  const found = await inTransaction(pool, id, async (client) => {
    const { rows } = await client.query<
      VerifiedAccount & { readonly id: UserId; readonly isRegistered: boolean }
    >(
      `select id, ${IS_REGISTERED}, ${VERIFIED}
       from users u where tenant = $1 and username_index = any($3::bytea[])`,
      [id, deviceKey, profiles.usernameIndexes(id, username)],
    );
    return rows[0];
  });
  const isRegistered = found?.isRegistered === true;
  // The names of unknown tenants share one turn, because anybody can make up more of them.
  const holder: Holder = { tenant: tenant?.id ?? "", account: username };
  const account = `${slug}/${username}`;
  const registeredKey = isRegistered ? thumbprint : undefined;
  const matches = await limits.attempt({ account, registeredKey }, () =>
    isPassword(found?.passwordHash ?? undefined, password, holder),
  );
  if (tenant === undefined) return { failure: "unknown_tenant" };
  if (found === undefined) return { failure: "unknown_user" };
  const { id: user, passwordHash, factors } = found;
  const verified = { passwordHash, factors };
  if (!matches) return { failure: "wrong_password", user };
  if (factors === "") return { user, isRegistered, verified };
  if (factor === undefined) return { failure: "second_factor_required", user };
  // Counted apart from the password: only those who know it can use up these attempts.
  const by = { account: `${account} second factor`, registeredKey };
  const prove = () =>
    proveFactor(deps, { tenant: tenant.id, user }, factor, { thumbprint, origin }, nowMs);
  try {
    return (await limits.attempt(by, prove))
      ? { user, isRegistered, factor: factor.kind, verified }
      : { failure: "second_factor_failed", user };
  } catch (error) {
    if (error instanceof IdentityError && error.code === "second_factor_locked")
      return { failure: error.code, user, told: error };
    throw error;
  }
}

/** The authenticator verified the person, so a passkey is both factors. */
async function byPasskey(
  deps: Deps,
  { origin }: SignIn,
  tenant: Tenant | undefined,
  answer: PasskeyAnswer,
  { deviceKey, thumbprint }: ProvenKey,
  nowMs: number,
): Promise<Identified> {
  // Without a tenant, the same queries run and find nothing.
  const id = tenant?.id ?? NO_TENANT;
  const asker = { thumbprint, origin };
  const outcome = await provePasskey(deps, { tenant: id, answer, asker }, nowMs);
  if ("failure" in outcome) {
    await deps.limits.tokenFailed();
    return tenant === undefined ? { failure: "unknown_tenant" } : outcome;
  }
  const { user, verified } = outcome;
  const isRegistered = await inTransaction(deps.pool, id, (client) =>
    hasDevice(client, user, deviceKey),
  );
  return { user, isRegistered, factor: "passkey", verified };
}

async function byCustomerToken(
  deps: Deps,
  slug: string,
  tenant: Tenant | undefined,
  token: Secret<string>,
  { deviceKey, thumbprint }: ProvenKey,
  nowMs: number,
): Promise<Identified> {
  const findKey = tenant === undefined ? keyIn({ keys: [] }) : deps.customerKeys.of(tenant, nowMs);
  const report = await inspectCustomerToken(token.reveal(), findKey, {
    issuer: slug,
    audience: deps.publicUrl,
    thumbprint,
    nowMs,
  });
  if (tenant === undefined || report.refusal !== undefined) {
    await deps.limits.tokenFailed();
    return { failure: tenant === undefined ? "unknown_tenant" : (report.refusal ?? "malformed") };
  }
  const indexes = subjectIndexes(deps.blindIndexKeys(), tenant.id, report.subject);
  return inTransaction(deps.pool, tenant.id, async (client) => {
    await assertNotErased(client, {
      indexes,
      deviceKey,
      issuedAtMs: report.issuedAtS * 1000,
      nowMs,
    });
    const holder = await findKeyHolder(client, deviceKey);
    if (holder?.key === "of_anonymous") {
      const { user } = holder;
      const other = await findCustomer(client, { tenant: tenant.id, subjectIndexes: indexes });
      assertIdentifies({ hasAccount: other !== undefined });
      const isRegistered = await hasDevice(client, user, deviceKey);
      return { user, isRegistered, assurance: report.assurance, subjectIndex: indexes[0] };
    }
    const customer = {
      tenant: tenant.id,
      subjectIndexes: indexes,
      newId: deps.newId<UserId>(),
      nowMs,
    };
    const { user, created } = await findOrCreateCustomer(client, customer);
    if (created) {
      await recordCustomer(deps, client, { tenant: tenant.id, user, nowMs });
      await askCustodians(client, deps.newId, { tenant: tenant.id, user, indexes, nowMs });
    }
    const isRegistered = await hasDevice(client, user, deviceKey);
    return { user, isRegistered, assurance: report.assurance };
  });
}

async function byProvider(
  deps: Deps,
  tenant: Tenant | undefined,
  origin: string | undefined,
  grant: OidcGrant,
  { deviceKey, thumbprint }: ProvenKey,
  nowMs: number,
): Promise<Identified> {
  let outcome: ProviderOutcome = { failure: "unknown_provider" };
  await deps.limits.redeems(async () => {
    outcome = await signInWithProvider(deps, tenant, { grant, thumbprint, origin, nowMs });
    // Neither an outage nor a missing role is a guess.
    return "session" in outcome || outcome.told !== undefined;
  });
  if (tenant === undefined) return { failure: "unknown_tenant" };
  if ("failure" in outcome) return outcome;
  const { user, session } = outcome;
  return inTransaction(deps.pool, tenant.id, async (client) => ({
    user,
    isRegistered: await hasDevice(client, user, deviceKey),
    provider: session,
  }));
}
