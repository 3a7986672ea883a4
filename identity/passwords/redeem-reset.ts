import { appendEntry } from "../../audit/append-entry.ts";
import { appendRefusal } from "../../audit/append-refusal.ts";
import { NO_TENANT } from "../../audit/logs.ts";
import { nilId, type TenantId, type UserId } from "../../crypto/wire/ids.ts";
import { FairSemaphore, fairPlaces } from "../../db/fairness/fair-semaphore.ts";
import { runFor } from "../../db/fairness/requester.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Secret } from "../../keys/secret.ts";
import { decidePasswordReset } from "../../policies/credentials.ts";
import type { DirectoryDeps } from "../accounts/profiles.ts";
import { findTenant, type Tenant } from "../accounts/tenant.ts";
import { lockAccount } from "../directory/lock-account.ts";
import { IdentityError } from "../identity-error.ts";
import type { Disconnect } from "../tokens/disconnect.ts";
import { disconnectEnded, endSessionsOf, type EndedSession } from "../tokens/end-sessions.ts";
import type { NetworkPseudonyms } from "../tokens/network-pseudonyms.ts";
import { digestOf } from "../reconcile/digest-of.ts";
import { hashOfToken } from "./create-reset.ts";
import { readPasswordAccount, replacePassword } from "./password-account.ts";
import { hashPassword } from "./password-hash.ts";

interface RedeemDeps extends DirectoryDeps {
  readonly disconnect: Disconnect;
  readonly pseudonyms: NetworkPseudonyms;
  /** Runs an attempt of the sender's network. It counts if it resolves to false. */
  readonly attempt: (work: () => Promise<boolean>) => Promise<boolean>;
}

/** What somebody who opened a link sends. */
export interface Redemption {
  /** The tenant's slug. */
  readonly tenant: string;
  readonly token: Secret<Uint8Array>;
  readonly password: Secret<string>;
  readonly requestId: string;
  /** The site that the request comes from. The audit log has a pseudonym of it. */
  readonly site: string;
}

interface Link {
  readonly user: UserId;
  readonly expiresAtMs: number;
}

const LINK = `
  select user_id as "user", expires_at_ms as "expiresAtMs" from password_resets where token_hash = $1`;

/** The redemptions that are served at the same time. */
const redemptions = new FairSemaphore(fairPlaces(8, 2));

/**
 * Gives an account the password that the holder of a link chose, and ends all its sessions. The link ends. If
 * the password is refused, the link stays valid. Tenants and sites take turns, because nobody is signed in.
 * @throws IdentityError password_reset_refused: there is no such tenant or link, it is too old, or it was
 *   used; weak_password, password_too_common; OverloadError overloaded; and what `attempt` throws
 */
export async function redeemPasswordReset(deps: RedeemDeps, given: Redemption): Promise<void> {
  const stranger = { tenant: nilId<TenantId>(), account: `password resets from ${given.site}` };
  const tenant = await runFor(stranger, () => findTenant(deps.pool, given.tenant));
  const holder = { ...stranger, tenant: tenant?.id ?? stranger.tenant };
  await redemptions.run(holder, () => runFor(holder, () => redeem(deps, given, tenant)));
}

async function redeem(
  deps: RedeemDeps,
  given: Redemption,
  tenant: Tenant | undefined,
): Promise<void> {
  const { pool } = deps;
  const tokenHash = hashOfToken(given.token.reveal());
  const found: { link?: Link | undefined } = {};
  // Without a tenant, the same query runs and finds nothing. The attempt ends before anything is written, so that
  // a slow log of one tenant holds up nobody else of the network.
  await deps.attempt(async () => {
    found.link = await inTransaction(pool, tenant?.id ?? NO_TENANT, async (client) => {
      const { rows } = await client.query<Link>(LINK, [tokenHash]);
      return rows[0];
    });
    return decidePasswordReset(found.link, tenant, deps.now()).allowed;
  });
  const { link } = found;
  const decision = decidePasswordReset(link, tenant, deps.now());
  if (tenant === undefined) throw refused();
  const refuse = (reason: string, user?: UserId) =>
    recordRefusal(deps, given, tenant, reason, user);
  if (link === undefined || !decision.allowed) {
    await refuse(decision.reasons[0] ?? "forbidden");
    throw refused();
  }
  const { user } = link;
  try {
    const ended = await replaceWith(deps, given, { tenant, user, tokenHash });
    disconnectEnded(deps.disconnect, tenant.id, ended);
  } catch (error) {
    if (error instanceof IdentityError) await refuse(error.code, user);
    throw error;
  }
}

async function replaceWith(
  deps: RedeemDeps,
  { password, requestId }: Redemption,
  { tenant, user, tokenHash }: { tenant: Tenant; user: UserId; tokenHash: Uint8Array },
): Promise<readonly EndedSession[]> {
  const account = await readPasswordAccount(deps, tenant.id, user);
  const { passwordHash: present, username } = account;
  if (present === null) throw refused();
  const replacement = await hashPassword(password, [username, tenant.slug]);
  return inTransaction(deps.pool, tenant.id, async (client) => {
    await lockAccount(client, user);
    const { rows } = await client.query<Link>(LINK, [tokenHash]);
    // Another request may have used the link since.
    const decision = decidePasswordReset(rows[0], tenant, deps.now());
    if (!decision.allowed) throw refused();
    await replacePassword(client, user, { present, replacement });
    const ended = await endSessionsOf(client, user, deps.now());
    await appendEntry(client, {
      occurredAtMs: deps.now(),
      tenant: tenant.id,
      // Whoever holds the link has proved to be nobody.
      actor: { kind: "system", id: "password-reset" },
      action: "user.reset_password",
      resource: { type: "user", id: user },
      subject: user,
      outcome: "success",
      decision,
      requestId,
      details: { sessions: ended.length, passwordDigest: digestOf(replacement) },
    });
    return ended;
  });
}

async function recordRefusal(
  deps: RedeemDeps,
  { requestId, site }: Redemption,
  tenant: Tenant,
  reason: string,
  user: UserId | undefined,
): Promise<void> {
  const nowMs = deps.now();
  await appendRefusal(deps.pool, {
    occurredAtMs: nowMs,
    tenant: tenant.id,
    actor: { kind: "system", id: "password-reset" },
    action: "user.reset_password",
    resource: { type: "tenant", id: tenant.id },
    subject: user,
    outcome: "refused",
    reason,
    requestId,
    details: { network: await deps.pseudonyms.of(tenant.id, site, nowMs) },
  });
}

const refused = (): IdentityError =>
  new IdentityError(
    "password_reset_refused",
    "This link is not valid, was used, or is too old. Ask an administrator for another one.",
  );
