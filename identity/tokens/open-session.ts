import { appendEntry } from "../../audit/append-entry.ts";
import { appendRefusal } from "../../audit/append-refusal.ts";
import type { Client } from "../../db/pool.ts";
import { FairSemaphore, fairPlaces } from "../../db/fairness/fair-semaphore.ts";
import { runFor } from "../../db/fairness/requester.ts";
import { inTransaction } from "../../db/transaction.ts";
import {
  nilId,
  type TenantId,
  type UserId,
  type DeviceId,
  type SessionId,
} from "../../crypto/wire/ids.ts";
import { isStaff, type Role } from "../../policies/actor.ts";
import { subjectErased } from "../accounts/assert-not-erased.ts";
import { assertServes } from "../accounts/assert-serves.ts";
import { findTenant, type Tenant } from "../accounts/tenant.ts";
import { lockAccount } from "../directory/lock-account.ts";
import { KeysError } from "../../keys/keys-error.ts";
import { isLoggedOffWhenIdle } from "../../policies/idle-log-off.ts";
import type { AssuranceLevel } from "../../policies/sign-in-facts.ts";
import { SESSION_LIFETIME_MS } from "../../policies/session-lifetime.ts";
import { IdentityError } from "../identity-error.ts";
import type { FactorProof } from "../second-factor/prove-factor.ts";
import { VERIFIED, type VerifiedAccount } from "../second-factor/verified-account.ts";
import { factorFailed } from "../second-factor/step-up.ts";
import { verifyProof, type ProvenKey } from "./device-proof.ts";
import { assertNotLoggedOut } from "../providers/recent-logouts.ts";
import { disconnectEnded } from "./end-sessions.ts";
import { identifyAnonymous } from "./identify-anonymous.ts";
import { readSignals, recordAnomalies } from "./sign-in-signals.ts";
import type { ProviderSession } from "../providers/sign-in-with-provider.ts";
import { customerKnown } from "./anonymous-grant.ts";
import { identifyByGrant, type GrantFailure } from "./grants.ts";
import type { CountedReason } from "./refused-sign-ins.ts";
import type { Grant, SignIn, SignInDeps } from "./sign-in.ts";

export interface OpenedSession {
  readonly accessToken: string;
  readonly expiresAtMs: number;
  readonly session: SessionId;
  readonly tenant: { readonly id: TenantId; readonly slug: string };
  readonly user: {
    readonly id: UserId;
    readonly role: Role;
    readonly displayName: string | null;
  };
  /** The account key, 32 bytes. Null until the first device is registered. */
  readonly accountKey: Uint8Array | null;
}

/**
 * Opens a session for the device key that signed the proof, with a password, a passkey, a customer token, or the
 * evidence of an identity provider. With none of these for an anonymous customer.
 * Writes an audit entry on success and on failure.
 * @throws IdentityError sign_in_failed, subject_erased, second_factor_required, second_factor_failed,
 *   second_factor_locked, invalid_proof, proof_reused, overloaded, device_revoked, tenant_suspended, origin_not_allowed,
 *   identity_provider_unavailable, role_not_assigned, account_not_linked, customer_exists, customer_known; and what
 *   `limits` throw
 */
export async function openSession(deps: SignInDeps, request: SignIn): Promise<OpenedSession> {
  const nowMs = deps.now();
  const key = await verifyProof({ ...request, nowMs });
  const tenant = await findTenant(deps.pool, request.tenant);
  const open = () => openAt(deps, request, tenant, key, nowMs);
  const count = (error: unknown): never => {
    const reason = countedReasonOf(error);
    if (reason !== undefined) deps.refused.count(tenant?.id, reason, nowMs);
    throw error;
  };
  // Sites take turns, because the user is not signed in yet. Sign-ins to tenants that do not exist
  // count as those of one tenant.
  const holder = { tenant: tenant?.id ?? nilId<TenantId>(), account: `sign-ins from ${deps.site}` };
  const turns = request.grant.kind === "oidc" ? redemptions : signIns;
  return turns.run(holder, () => runFor(holder, open)).catch(count);
}

/** Returns the reason of a refusal that has no entry of its own. */
function countedReasonOf(error: unknown): CountedReason | undefined {
  if (error instanceof IdentityError)
    return error.reasons.includes("unknown_tenant") ? "unknown_tenant" : undefined;
  const { code } = error as { readonly code?: unknown };
  return code === "rate_limited" || code === "overloaded" ? code : undefined;
}

/**
 * The sign-ins that are served at the same time. They are few, so that sites, however many they
 * are, leave turns to the accounts that are signed in.
 */
const SERVED = { tenant: 4, account: 2 };
const servedInTurn = () =>
  new FairSemaphore({ ...fairPlaces(24), places: { node: 24, ...SERVED }, heavy: SERVED });
const signIns = servedInTurn();
/** Apart from the others, because an identity provider may take seconds to answer. */
const redemptions = servedInTurn();

async function openAt(
  deps: SignInDeps,
  request: SignIn,
  tenant: Tenant | undefined,
  key: ProvenKey,
  nowMs: number,
): Promise<OpenedSession> {
  const identified = await identifyByGrant(deps, request, tenant, key, nowMs).catch(
    async (error: unknown) => {
      if (tenant !== undefined && isRefusal(error))
        await recordFailure(deps, tenant, request.grant, { failure: error.code }, nowMs);
      throw error;
    },
  );
  if (tenant === undefined) throw signInFailed("unknown_tenant");
  if ("failure" in identified) {
    await recordFailure(deps, tenant, request.grant, identified, nowMs);
    throw identified.told ?? refusalOf(identified.failure);
  }
  const { user, isRegistered, provider, factor, verified, assurance = 0 } = identified;
  const { subjectIndex } = identified;
  const { grant } = request;
  const registeredKey = isRegistered ? key.thumbprint : undefined;
  try {
    // This comes after the grant is checked, so that strangers cannot fill the memory of used
    // proofs. A registered device has a share of its own, so that another person with the password
    // cannot fill it.
    const holder = { tenant: tenant.id, account: registeredKey ?? user };
    await deps.replays.use(key.replayKey, nowMs, holder);
    await deps.limits.sessionOpens({ user, registeredKey });
    assertServes(tenant, request.origin);
    const { requestId } = deps;
    const network = await deps.pseudonyms.of(tenant.id, deps.site, nowMs);
    const { opened, ended } = await inTransaction(deps.pool, tenant.id, async (client) => {
      const account = { tenant: tenant.id, user, nowMs, requestId, newId: deps.newId };
      return {
        ended: subjectIndex && (await identifyAnonymous(client, { ...account, subjectIndex })),
        opened: await createSession(deps, client, {
          tenant,
          user,
          grant,
          provider,
          factor,
          verified,
          assurance,
          key,
          network,
          nowMs,
        }),
      };
    });
    disconnectEnded(deps.disconnect, tenant.id, ended ?? []);
    return opened;
  } catch (error) {
    if (isRefusal(error))
      await recordFailure(deps, tenant, grant, { user, failure: reasonOf(error) }, nowMs);
    throw error;
  }
}

/** Returns what the audit entry says. The response says less. */
const reasonOf = ({ code, reasons }: IdentityError | KeysError): string =>
  code === "sign_in_failed" ? (reasons[0] ?? code) : code;

const isRefusal = (error: unknown): error is IdentityError | KeysError =>
  error instanceof IdentityError || error instanceof KeysError;

async function createSession(
  deps: SignInDeps,
  client: Client,
  opening: {
    readonly tenant: Tenant;
    readonly user: UserId;
    readonly grant: Grant;
    readonly provider: ProviderSession | undefined;
    readonly factor: FactorProof["kind"] | undefined;
    readonly verified: VerifiedAccount | undefined;
    readonly assurance: AssuranceLevel;
    readonly key: ProvenKey;
    /** The pseudonym of the network that the sign-in comes from. */
    readonly network: string;
    readonly nowMs: number;
  },
): Promise<OpenedSession> {
  const { tenant, user, grant, provider, factor, verified, assurance, key, nowMs } = opening;
  const { network } = opening;
  if (verified !== undefined) await assertUnchanged(client, user, verified);
  if (provider !== undefined) await assertNotLoggedOut(client, user, provider);
  // Whoever disables the account ends its open sessions, and must not miss this one.
  const { rows } = await client.query<{
    role: Role;
    displayName: Uint8Array | null;
    accountKey: Uint8Array | null;
    disabled: boolean;
    fenced: boolean;
    linked: boolean;
    known: boolean;
    revoked: boolean | null;
    device: DeviceId | null;
  }>(
    `select u.role, u.display_name as "displayName", u.account_key as "accountKey",
       u.disabled_at_ms is not null as disabled, u.fenced_at_ms is not null as fenced, u.subject_index is not null as known,
       $3::bytea[] is null or coalesce(u.identity_index = any($3), false) as linked, d.id as device, d.revoked_at_ms is not null as revoked
     from users u left join devices d on d.user_id = u.id and d.device_key = $2
     where u.id = $1 for share of u`,
    [user, key.deviceKey, provider?.identityIndexes ?? null],
  );
  const [account] = rows;
  if (account === undefined) throw new Error("an account vanished between two statements");
  if (account.disabled) throw signInFailed("account_disabled");
  if (account.fenced) throw subjectErased();
  // Whoever links the account to another person must not miss this session either.
  if (!account.linked) throw signInFailed("linked_to_another");
  const isAnonymous = grant.kind === "anonymous";
  if ((isAnonymous || grant.kind === "customer_token") && isStaff(account.role))
    throw signInFailed("not_a_customer");
  // Another sign-in of this device may have said who the customer is since the grant was checked.
  if (isAnonymous && account.known) throw customerKnown();
  if (account.revoked === true)
    throw new IdentityError("device_revoked", "This device was removed from its account.");
  const session = deps.newId<SessionId>();
  const signals = await readSignals(client, {
    user,
    role: account.role,
    network,
    deviceKey: key.deviceKey,
    nowMs,
  });
  const expiresAtMs = nowMs + SESSION_LIFETIME_MS;
  await client.query(
    `insert into sessions (id, tenant, user_id, device_key_thumbprint, method, created_at_ms, expires_at_ms,
       identity_provider, provider_session, authenticated_at_ms, factor_at_ms, acted_at_ms, assurance,
       network, sign_in_velocity, accounts_on_network)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
       case when $12 then sealdesk.database_now_ms() end, $13, $14, $15, $16)`,
    [
      session,
      tenant.id,
      user,
      key.thumbprint,
      grant.kind,
      nowMs,
      expiresAtMs,
      provider?.id ?? null,
      provider?.sidHash ?? null,
      authenticatedAtMs(provider, nowMs),
      factor === undefined ? null : nowMs,
      isLoggedOffWhenIdle(account.role),
      assurance,
      network,
      signals.signInVelocity,
      signals.accountsOnNetwork,
    ],
  );
  await appendEntry(client, {
    occurredAtMs: nowMs,
    tenant: tenant.id,
    actor: { kind: "user", id: user, role: account.role, device: account.device ?? undefined },
    action: "session.create",
    resource: { type: "session", id: session },
    outcome: "success",
    requestId: deps.requestId,
    session,
    method: grant.kind,
    details: {
      ...(factor && { factor }),
      ...(provider && { provider: provider.name }),
      ...(grant.kind === "customer_token" && { assurance }),
    },
  });
  const { role } = account;
  const signedIn = { tenant: tenant.id, user, role, device: account.device ?? undefined };
  const { requestId } = deps;
  await recordAnomalies(
    client,
    { ...signedIn, session, method: grant.kind, requestId, nowMs },
    signals,
  );
  const token = await deps.accessTokens.issue(
    { tenant: tenant.id, user, role: account.role, session, thumbprint: key.thumbprint },
    nowMs,
    expiresAtMs,
  );
  const displayName = await deps.profiles.displayName(tenant.id, user, account.displayName);
  return {
    ...token,
    session,
    tenant: { id: tenant.id, slug: tenant.slug },
    user: { id: user, role: account.role, displayName },
    accountKey: account.accountKey,
  };
}

/** A provider whose clock is ahead must not make a sign-in count as fresh for longer. */
const authenticatedAtMs = (provider: ProviderSession | undefined, nowMs: number): number | null =>
  provider?.authenticatedAtMs === undefined ? null : Math.min(provider.authenticatedAtMs, nowMs);

/**
 * Locks the account and requires that it still has the password and the second factor that were compared.
 * Otherwise a change, which ends the sessions that are open, would miss the one that is about to open.
 * @throws IdentityError sign_in_failed
 */
async function assertUnchanged(
  client: Client,
  user: UserId,
  verified: VerifiedAccount,
): Promise<void> {
  await lockAccount(client, user);
  // A statement of its own, so that it sees what was committed while this waited for the lock.
  const { rows } = await client.query<VerifiedAccount>(
    `select ${VERIFIED} from users u where id = $1`,
    [user],
  );
  const [now] = rows;
  if (now?.passwordHash !== verified.passwordHash || now?.factors !== verified.factors)
    throw signInFailed("credentials_changed");
}

/** Whoever gave the right password is told that a code is missing or wrong. */
function refusalOf(failure: GrantFailure): IdentityError {
  if (failure === "second_factor_failed") return factorFailed();
  if (failure === "second_factor_required")
    return new IdentityError(
      failure,
      "Send a code of your second factor or the answer of a passkey as well.",
    );
  return signInFailed(failure);
}

/** Returns the same error for every other failure. Only the reasons, which are for the log, differ. */
const signInFailed = (failure: GrantFailure): IdentityError =>
  new IdentityError("sign_in_failed", "The sign-in failed.", { reasons: [failure] });

async function recordFailure(
  deps: SignInDeps,
  tenant: Tenant,
  grant: Grant,
  failure: { readonly user?: UserId | undefined; readonly failure?: string },
  nowMs: number,
): Promise<void> {
  await appendRefusal(deps.pool, {
    occurredAtMs: nowMs,
    tenant: tenant.id,
    // The sender has not proved to be the user.
    actor: { kind: "system", id: "sign-in" },
    action: "session.create",
    resource: { type: "tenant", id: tenant.id },
    subject: failure.user,
    outcome: "refused",
    reason: failure.failure,
    requestId: deps.requestId,
    method: grant.kind,
    details: {
      network: await deps.pseudonyms.of(tenant.id, deps.site, nowMs),
      // A stranger can send any name.
      ...(grant.kind === "oidc" &&
        failure.failure !== "unknown_provider" && { provider: grant.provider }),
    },
  });
}
