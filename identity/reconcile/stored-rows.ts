import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Role } from "../../policies/actor.ts";
import { readProviders } from "./provider-settings.ts";
import { BY_OPERATOR } from "../accounts/disable-account.ts";
import {
  disabledWords,
  membershipWords,
  placeOf,
  versionWords,
  webhookWords,
  type StoredRow,
} from "./row-places.ts";
import { rowSources } from "./row-sources.ts";

interface DigestRow {
  readonly id: string;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
  readonly createdAtMs: number;
}

// Whoever signs in with a password has a user name. Customers have neither, and there are indexes of those who do.
const PASSWORDS = `
  select id, encode(sha256(convert_to(password_hash, 'UTF8')), 'hex') as digest, created_at_ms as "createdAtMs"
  from users where username_index is not null and password_hash is not null`;
const IDENTITIES = `
  select id, encode(sha256(identity_index), 'hex') as digest, created_at_ms as "createdAtMs"
  from users where identity_index is not null`;
// A customer has no account that can be disabled. The role of others is compared as well.
const DISABLED = `
  select id, disabled_at_ms as "createdAtMs", disabled_by is distinct from $2 as "isByProvider"
  from users where role <> $1 and disabled_at_ms is not null`;
const CUSTOMER: Role = "customer";
const FACTORS = `
  select user_id as id, confirmed_at_ms as "createdAtMs", encode(sha256(secret), 'hex') as digest
  from totp_factors where confirmed_at_ms is not null`;
const RECOVERY_CODES = `
  select user_id as id, confirmed_at_ms as "createdAtMs", encode(sha256(code_hash), 'hex') as digest
  from recovery_codes join totp_factors using (tenant, user_id) where confirmed_at_ms is not null`;
const ACKNOWLEDGED = `
  select id, acknowledged_at_ms as "createdAtMs" from alerts where acknowledged_at_ms is not null`;
const WEBHOOKS = `
  select encode(sha256(convert_to(url, 'UTF8')), 'hex') as digest, disabled_at_ms is not null as "isDisabled",
    set_at_ms as "createdAtMs"
  from alert_webhooks where replaced_at_ms is null`;
// As `passkeyDigest` computes it.
const PASSKEYS = `
  select user_id as user, id, created_at_ms as "createdAtMs",
    encode(sha256(sha256(credential_id) || sha256(public_key) || sha256(convert_to(rp_id, 'UTF8'))), 'hex') as digest
  from passkeys`;
// As sealdesk.policy_version() chooses among them.
const VERSIONS = `
  select v.version, encode(v.hash, 'hex') as hash, v.effective_from_ms as "effectiveFromMs"
  from policy_versions v join approvals a on a.tenant = v.tenant and a.id = v.approval
  where v.effective_from_ms is not null and v.withdrawn_at_ms is null and a.executed_at_ms is not null`;

const MEMBERSHIPS = `
  select m.team, m.user_id as user, p.name as provider, m.since_ms as "createdAtMs"
  from team_members m left join identity_providers p on p.id = m.provider`;

interface MembershipRow {
  readonly team: string;
  readonly user: UserId;
  /** The name of the provider whose group gives it. */
  readonly provider: string | null;
  readonly createdAtMs: number;
}

interface DisabledRow extends Omit<DigestRow, "digest"> {
  readonly isByProvider: boolean;
}

interface WebhookRow extends Omit<DigestRow, "id"> {
  readonly isDisabled: boolean;
}

interface VersionRow {
  readonly version: number;
  readonly hash: string;
  readonly effectiveFromMs: number;
}

/** Returns the rows of the tenant to which the transaction is fenced that `RecordedRows` speaks about, by place. */
export async function readStoredRows(client: Client): Promise<ReadonlyMap<string, StoredRow>> {
  const rows = new Map<string, StoredRow>();
  const passwords = await client.query<DigestRow>(PASSWORDS);
  for (const { id, digest, createdAtMs } of passwords.rows)
    rows.set(placeOf.password(id), { words: [digest], createdAtMs });
  const identities = await client.query<DigestRow>(IDENTITIES);
  for (const { id, digest, createdAtMs } of identities.rows)
    rows.set(placeOf.identity(id), { words: [digest], createdAtMs });
  const disabled = await client.query<DisabledRow>(DISABLED, [CUSTOMER, BY_OPERATOR]);
  for (const { id, createdAtMs, isByProvider } of disabled.rows)
    rows.set(placeOf.disabled(id), { words: disabledWords(isByProvider), createdAtMs });
  const factors = await client.query<DigestRow>(FACTORS);
  for (const { id, digest, createdAtMs } of factors.rows)
    rows.set(placeOf.factor(id), { words: [digest], createdAtMs });
  const codes = await client.query<DigestRow>(RECOVERY_CODES);
  for (const { id, digest, createdAtMs } of codes.rows)
    rows.set(placeOf.recoveryCode(id, digest), { words: ["given"], createdAtMs });
  const acknowledged = await client.query<Omit<DigestRow, "digest">>(ACKNOWLEDGED);
  for (const { id, createdAtMs } of acknowledged.rows)
    rows.set(placeOf.acknowledgement(id), { words: ["acknowledged"], createdAtMs });
  const webhooks = await client.query<WebhookRow>(WEBHOOKS);
  for (const { digest, isDisabled, createdAtMs } of webhooks.rows)
    rows.set(placeOf.webhook(), { words: webhookWords(digest, isDisabled), createdAtMs });
  const passkeys = await client.query<DigestRow & { readonly user: UserId }>(PASSKEYS);
  for (const { user, id, digest, createdAtMs } of passkeys.rows)
    rows.set(placeOf.passkey(user, id), { words: [digest], createdAtMs });
  const versions = await client.query<VersionRow>(VERSIONS);
  for (const row of versions.rows) {
    const { version, effectiveFromMs: createdAtMs } = row;
    rows.set(placeOf.version(version), { words: versionWords(row), createdAtMs });
  }
  const memberships = await client.query<MembershipRow>(MEMBERSHIPS);
  for (const { team, user, provider, createdAtMs } of memberships.rows)
    rows.set(placeOf.teamMember(team, user), {
      words: membershipWords(provider ?? undefined),
      createdAtMs,
    });
  for (const [name, provider] of await readProviders(client))
    rows.set(placeOf.provider(name), provider);
  for (const { read } of rowSources)
    for (const [place, row] of await read(client)) rows.set(place, row);
  return rows;
}
