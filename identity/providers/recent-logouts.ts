import { createHash } from "node:crypto";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { IdentityError } from "../identity-error.ts";
import type { IdentityProvider } from "./identity-provider.ts";
import type { ProviderLogout } from "./logout-token.ts";
import { ProviderFailure } from "./provider-failure.ts";
import type { ProviderSession } from "./sign-in-with-provider.ts";

/**
 * How long a logout is kept: longer than its token is accepted, and longer than a sign-in takes from the
 * provider's ID token to the session.
 */
export const LOGOUT_KEPT_MS = 60 * 60_000;

/** Whom a logout token names, as sessions and accounts have it. */
export interface LoggedOut {
  /** `identityIndexes` of the person; null if the token names only a session. */
  readonly indexes: readonly Uint8Array[] | null;
  /** `hashOfSid`; null if the token names only a person. */
  readonly sid: Uint8Array | null;
}

/**
 * Remembers a logout, before its sessions are ended in the same transaction. Sign-ins with the provider that
 * are not committed yet wait for the transaction, or it waits for them.
 * @throws ProviderFailure token_reused
 */
export async function rememberLogout(
  client: Client,
  provider: IdentityProvider,
  logout: ProviderLogout & LoggedOut,
  nowMs: number,
): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(${LOCK})`, [provider.id]);
  const { rowCount } = await client.query(
    `insert into provider_logouts
       (tenant, provider, token, identity_indexes, provider_session, issued_at_ms, received_at_ms)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
    [
      provider.tenant,
      provider.id,
      createHash("sha256").update(logout.id).digest(),
      logout.indexes,
      logout.sid,
      logout.issuedAtMs,
      nowMs,
    ],
  );
  if (rowCount === 0) throw new ProviderFailure("token_reused");
}

const LOCK = "hashtextextended('provider logout ' || $1::text, 0)";

/**
 * Requires that the provider has not ended the session or the person's sessions since it made the ID token.
 * The transaction is the one that opens the session.
 * @throws IdentityError sign_in_failed
 */
export async function assertNotLoggedOut(
  client: Client,
  user: UserId,
  session: ProviderSession,
): Promise<void> {
  await client.query(`select pg_advisory_xact_lock_shared(${LOCK})`, [session.id]);
  const { rowCount } = await client.query(
    `select from provider_logouts l join users u on u.id = $2
     where l.provider = $1
       and (l.provider_session is null or l.provider_session = $3)
       and (l.identity_indexes is null or u.identity_index = any(l.identity_indexes))
       and (l.provider_session is not null or l.issued_at_ms >= $4)
     limit 1`,
    [session.id, user, session.sidHash ?? null, session.issuedAtMs],
  );
  if (rowCount !== 0)
    throw new IdentityError("sign_in_failed", "The sign-in failed.", {
      reasons: ["ended_by_provider"],
    });
}
