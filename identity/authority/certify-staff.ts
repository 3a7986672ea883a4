import { appendEntry, type AuditEntry } from "../../audit/append-entry.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import {
  decodeStaffCertificate,
  openStaffCertificate,
  type SignedStaffCertificate,
  type StaffCertificate,
} from "../../crypto/wire/staff-certificate.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import { staffRoles, type Role } from "../../policies/actor.ts";
import { lockAccounts } from "../directory/lock-account.ts";
import { IdentityError } from "../identity-error.ts";
import { MOST_TEAMS } from "../teams/change-membership.ts";
import type { LoggedAuthorityKey } from "./authority.ts";
import { readLoggedAuthority } from "./authority-entries.ts";
import { currentAuthorityKey, type AuthorityDeps } from "./current-key.ts";

/** The age at which a certificate is renewed. So an authority may be down for six days. */
const RENEWED_AFTER_MS = 86_400_000;
/** The number of accounts that one transaction certifies. */
const BATCH = 100;

/** An account that needs a certificate. */
interface DueAccount {
  readonly user: UserId;
  readonly role: Role;
  readonly accountKey: Uint8Array;
  /** In ascending order, at most `MOST_TEAMS`. */
  readonly teams: readonly string[];
  /** True if it has one that is only old. */
  readonly isRenewal: boolean;
  /** The text of the certificate that it has. */
  readonly before: Uint8Array | null;
}

interface Certified extends DueAccount, SignedStaffCertificate {
  readonly certificate: StaffCertificate;
}

/** The outcome of a search for accounts without a current certificate. */
export interface Certification {
  readonly certified: number;
  /** The accounts that the authority does not know as staff. */
  readonly refused: number;
}

// An account without a device has no key that could be certified, and a suspended tenant nobody to serve.
const DUE = `
  select u.id as user, u.role, u.account_key as "accountKey", m.teams,
    c.user_id is not null and c.account_key = u.account_key and c.role = u.role
      and c.authority = $1 and c.teams = m.teams as "isRenewal", c.certificate as before
  from users u
  join tenants t on t.id = u.tenant and t.suspended_at_ms is null
  left join staff_certificates c on c.user_id = u.id
  cross join lateral (select array(
    select team from team_members where user_id = u.id order by team collate "C" limit $7) as teams) m
  where u.role = any($6::text[]) and u.account_key is not null
    and ($2::uuid is null or u.id = $2) and ($3::uuid is null or u.id > $3)
    and (c.user_id is null or c.account_key <> u.account_key or c.role <> u.role
      or c.authority <> $1 or c.teams <> m.teams or c.from_ms <= $4)
  order by u.id limit $5`;
const STORE = `
  insert into staff_certificates
    (tenant, user_id, account_key, role, teams, authority, certificate, signature, from_ms, until_ms)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  on conflict (user_id, tenant) do update set account_key = excluded.account_key,
    role = excluded.role, teams = excluded.teams, authority = excluded.authority, certificate = excluded.certificate,
    signature = excluded.signature, from_ms = excluded.from_ms, until_ms = excluded.until_ms`;

/**
 * Certifies the tenant's accounts that are staff, have a key, and have no certificate of the last
 * day for their key, role and teams. The first certificate of an account, and one for other teams, has an audit
 * entry of its own.
 * Renewals are counted in one entry for each transaction.
 * @param only certifies this account and no other
 * @throws as `Authority.certify`
 */
export async function certifyStaff(
  deps: AuthorityDeps,
  tenant: TenantId,
  only?: UserId,
): Promise<Certification> {
  const total = { certified: 0, refused: 0 };
  const { current } = await inTransaction(deps.pool, tenant, readLoggedAuthority);
  // A tenant gets an authority with its first member of staff who has a device.
  const none = { version: 0 };
  if (current === undefined && (await dueAccounts(deps, tenant, { key: none, only })).length === 0)
    return total;
  const key = await currentAuthorityKey(deps, tenant);
  for (let after: UserId | undefined; ;) {
    const due = await dueAccounts(deps, tenant, { key, only, after });
    if (due.length === 0) return total;
    const made: Certified[] = [];
    for (const account of due) {
      const signed = await signedFor(deps, tenant, account, key);
      if (signed === undefined) total.refused += 1;
      else {
        const isRenewal = account.isRenewal && hasTeams(account.before, signed.certificate.teams);
        made.push({ ...account, ...signed, isRenewal });
      }
    }
    total.certified += await store(deps, tenant, key, made);
    after = due.at(-1)?.user;
  }
}

async function dueAccounts(
  { pool, now }: AuthorityDeps,
  tenant: TenantId,
  {
    key,
    only,
    after,
  }: {
    readonly key: Pick<LoggedAuthorityKey, "version">;
    readonly only: UserId | undefined;
    readonly after?: UserId | undefined;
  },
): Promise<readonly DueAccount[]> {
  return inTransaction(pool, tenant, async (client) => {
    const { rows } = await client.query<DueAccount>(DUE, [
      key.version,
      only ?? null,
      after ?? null,
      now() - RENEWED_AFTER_MS,
      BATCH,
      staffRoles,
      MOST_TEAMS,
    ]);
    return rows;
  });
}

/** Asks outside of a transaction, because the authority may take its time. */
async function signedFor(
  { authority }: AuthorityDeps,
  tenant: TenantId,
  { user, role, accountKey, teams }: DueAccount,
  key: LoggedAuthorityKey,
): Promise<(SignedStaffCertificate & Pick<Certified, "certificate">) | undefined> {
  const signed = await authority.certify({ tenant, user, role, accountKey, teams }, key);
  if (signed === undefined) return undefined;
  const certificate = openStaffCertificate(signed, key.publicKey, verifyEd25519);
  if (certificate === undefined)
    throw new IdentityError(
      "authority_key_unknown",
      "The authority signed with another key than the key log has. Hand over to its key: sealdesk authority rotate.",
    );
  const isAsked =
    certificate.tenant === tenant &&
    certificate.user === user &&
    certificate.role === role &&
    equalBytes(certificate.accountKey, accountKey);
  if (!isAsked)
    throw new IdentityError("authority_unreachable", "The authority certified another account.");
  return { certificate, ...signed };
}

/** Returns whether a stored certificate is for these teams. Somebody may have written anything there. */
function hasTeams(stored: Uint8Array | null, teams: readonly string[]): boolean {
  try {
    return stored !== null && decodeStaffCertificate(stored).teams.join(" ") === teams.join(" ");
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return false;
  }
}

/** @returns how many were stored. An account that has changed in the meantime is left out. */
async function store(
  { pool, now }: AuthorityDeps,
  tenant: TenantId,
  key: LoggedAuthorityKey,
  made: readonly Certified[],
): Promise<number> {
  if (made.length === 0) return 0;
  return inTransaction(pool, tenant, async (client) => {
    const { current } = await readLoggedAuthority(client);
    if (current?.version !== key.version) return 0;
    const accounts = await lockAccounts(
      client,
      made.map(({ user }) => user),
    );
    const valid = made.filter(({ user, role, accountKey }) => {
      const account = accounts.get(user);
      const known = account?.accountKey;
      return account?.role === role && known !== undefined && equalBytes(known, accountKey);
    });
    for (const each of valid) await storeOne(client, key, each);
    await audit(client, tenant, valid, now());
    return valid.length;
  });
}

const storeOne = async (
  client: Client,
  { version }: LoggedAuthorityKey,
  { certificate, text, signature, teams }: Certified,
): Promise<void> => {
  const { tenant, user, accountKey, role, fromMs, untilMs } = certificate;
  await client.query(STORE, [
    tenant,
    user,
    accountKey,
    role,
    teams,
    version,
    text,
    signature,
    fromMs,
    untilMs,
  ]);
};

async function audit(
  client: Client,
  tenant: TenantId,
  made: readonly Certified[],
  nowMs: number,
): Promise<void> {
  const common = {
    tenant,
    actor: { kind: "system", id: "authority" },
    occurredAtMs: nowMs,
    outcome: "success",
  } satisfies Partial<AuditEntry<"staff.certify">>;
  for (const { user, role, certificate, isRenewal } of made)
    if (!isRenewal)
      await appendEntry(client, {
        ...common,
        action: "staff.certify",
        resource: { type: "user", id: user },
        subject: user,
        details: { role, teams: certificate.teams, untilMs: certificate.untilMs },
      });
  const certificates = made.filter(({ isRenewal }) => isRenewal).length;
  if (certificates > 0)
    await appendEntry(client, {
      ...common,
      action: "staff.renew_certificates",
      resource: { type: "tenant", id: tenant },
      details: { certificates },
    });
}
