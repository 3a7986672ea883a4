import { appendEntry } from "../../audit/append-entry.ts";
import { appendRefusal } from "../../audit/append-refusal.ts";
import { NO_TENANT } from "../../audit/logs.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Secret } from "../../keys/secret.ts";
import { findTenant } from "../accounts/tenant.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import type { Disconnect } from "../tokens/disconnect.ts";
import { disconnectEnded, type EndedSession } from "../tokens/end-sessions.ts";
import { endProviderSessions } from "./end-provider-sessions.ts";
import { identityIndexes } from "./identity-index.ts";
import { findProvider, type IdentityProvider } from "./identity-provider.ts";
import { LOGOUT_WINDOW_MS, verifyLogoutToken, type ProviderLogout } from "./logout-token.ts";
import type { ProviderClients } from "./provider-clients.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { rememberLogout, type LoggedOut } from "./recent-logouts.ts";
import { hashOfSid } from "./sign-in-with-provider.ts";

export interface LogOutDeps extends UseCase {
  readonly providers: ProviderClients;
  readonly blindIndexKeys: () => readonly Secret<Uint8Array>[];
  readonly disconnect: Disconnect;
}

/** A request to the back-channel logout URI of a provider. */
export interface LogOutRequest {
  /** The tenant's slug. */
  readonly tenant: string;
  /** The provider's name. */
  readonly provider: string;
  readonly token: string;
  readonly requestId: string;
}

/**
 * Ends the sessions that a provider says are over (OpenID Connect Back-Channel Logout 1.0), and closes
 * their connections on all nodes. Sessions that were opened after the token was made go on.
 * @throws IdentityError invalid_logout_token, for everything that is wrong with the request;
 *   identity_provider_unavailable
 */
export async function logOutByProvider(deps: LogOutDeps, request: LogOutRequest): Promise<void> {
  const { pool } = deps;
  const nowMs = deps.now();
  const tenant = (await findTenant(pool, request.tenant))?.id;
  const provider = await inTransaction(pool, tenant ?? NO_TENANT, (client) =>
    findProvider(client, request.provider),
  );
  if (tenant === undefined || provider === undefined) throw invalidLogoutToken("unknown_provider");
  const ended = await endByToken(deps, provider, request, nowMs).catch(async (cause: unknown) => {
    const error = refusalOf(cause);
    await recordRefusal(deps, provider, request, error);
    throw error;
  });
  disconnectEnded(deps.disconnect, tenant, ended);
}

async function endByToken(
  deps: LogOutDeps,
  provider: IdentityProvider,
  request: LogOutRequest,
  nowMs: number,
): Promise<readonly EndedSession[]> {
  const logout = await verified(deps, provider, request, nowMs);
  const whom = loggedOut(deps, provider, logout);
  return inTransaction(deps.pool, provider.tenant, async (client) => {
    await rememberLogout(client, provider, { ...logout, ...whom }, nowMs);
    const cause = { nowMs, requestId: request.requestId };
    const sessions = await endNamed(client, provider, { ...logout, ...whom }, cause);
    await appendEntry(client, {
      ...entryOf(provider, request, nowMs),
      action: "tenant.provider_logout",
      resource: { type: "tenant", id: provider.tenant },
      outcome: "success",
      details: { provider: provider.name, sessions: sessions.length },
    });
    return sessions;
  });
}

async function verified(
  { providers }: LogOutDeps,
  provider: IdentityProvider,
  { token }: LogOutRequest,
  nowMs: number,
): Promise<ProviderLogout> {
  try {
    return await verifyLogoutToken(provider, await providers.of(provider), token, nowMs);
  } catch (cause) {
    if (cause instanceof ProviderFailure || cause instanceof IdentityError) throw cause;
    throw new IdentityError(
      "identity_provider_unavailable",
      "The keys of the identity provider cannot be fetched. Try again.",
      { cause },
    );
  }
}

const refusalOf = (cause: unknown): unknown =>
  cause instanceof ProviderFailure ? invalidLogoutToken(cause.refusal, cause) : cause;

function loggedOut(
  { blindIndexKeys }: LogOutDeps,
  { tenant, issuer }: IdentityProvider,
  { subject, session }: ProviderLogout,
): LoggedOut {
  return {
    indexes:
      subject === undefined ? null : identityIndexes(blindIndexKeys(), tenant, { issuer, subject }),
    sid: session === undefined ? null : hashOfSid(session),
  };
}

/** Ends what the token names: the provider's session, all sessions of a person, or both together. */
function endNamed(
  client: Client,
  provider: IdentityProvider,
  { issuedAtMs, indexes, sid }: ProviderLogout & LoggedOut,
  cause: { readonly nowMs: number; readonly requestId: string },
): Promise<readonly EndedSession[]> {
  const condition = `s.created_at_ms <= $3
    and ($4::bytea is null or s.provider_session = $4)
    and ($5::bytea[] is null or exists (
      select from users u where u.id = s.user_id and u.identity_index = any($5)))`;
  const values = [issuedAtMs + LOGOUT_WINDOW_MS, sid, indexes];
  return endProviderSessions(client, provider, { condition, values }, cause);
}

const entryOf = (
  { tenant }: { readonly tenant: TenantId },
  { requestId }: LogOutRequest,
  nowMs: number,
) =>
  ({
    occurredAtMs: nowMs,
    tenant,
    actor: { kind: "system", id: "identity-provider" },
    requestId,
  }) as const;

async function recordRefusal(
  { pool, now }: LogOutDeps,
  provider: IdentityProvider,
  request: LogOutRequest,
  error: unknown,
): Promise<void> {
  if (!(error instanceof IdentityError)) return;
  await appendRefusal(pool, {
    ...entryOf(provider, request, now()),
    action: "tenant.provider_logout",
    resource: { type: "tenant", id: provider.tenant },
    outcome: "refused",
    reason: error.reasons[0] ?? error.code,
    details: { provider: provider.name },
  });
}

const invalidLogoutToken = (reason: string, cause?: unknown): IdentityError =>
  new IdentityError(
    "invalid_logout_token",
    "The logout token is not one of this identity provider, or it was used before.",
    { reasons: [reason], cause },
  );
