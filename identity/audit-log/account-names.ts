import { appendEntry } from "../../audit/append-entry.ts";
import type { OperatorActor } from "../../audit/operator.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor, Role } from "../../policies/actor.ts";
import { decideNameReading } from "../../policies/name-access.ts";
import type { DirectoryDeps, Profiles } from "../accounts/profiles.ts";
import { assertOperatorPurpose, assertPurpose } from "../assert-purpose.ts";
import { audited, assertAllowed } from "../audited.ts";

/** An account with its names. They are null if it has none, as customers, or if it was erased. */
export interface AccountNames {
  readonly id: UserId;
  readonly role: Role;
  readonly username: string | null;
  readonly displayName: string | null;
}

/** The number of accounts that one request may ask for. */
export const MOST_NAMES = 100;

const ACCOUNTS = `
  select id, role, username, display_name as "displayName" from users
  where id = any($1::uuid[]) order by id`;

/**
 * Returns the accounts of the actor's tenant among `ids`, with their names. Ids that are no account of the
 * tenant are left out. The entry in the audit log names the accounts by id, and no name.
 * @throws IdentityError forbidden, purpose_required, key_missing; KeysError seal_broken, kms_...
 */
export function readAccountNames(
  deps: DirectoryDeps,
  actor: Actor,
  ids: readonly UserId[],
): Promise<readonly AccountNames[]> {
  const { tenant } = actor;
  const decision = decideNameReading(actor, tenant);
  return audited(deps, actor, { ...namesAct(tenant, ids), decision }, async (client) => {
    assertAllowed(decision);
    assertPurpose(actor, "names");
    return namesOf(client, deps.profiles, tenant, ids);
  });
}

/** Like `readAccountNames`, for the operator of the server. @throws IdentityError purpose_required */
export function readNamesAsOperator(
  { pool, now, profiles }: DirectoryDeps,
  tenant: TenantId,
  ids: readonly UserId[],
  by: OperatorActor,
): Promise<readonly AccountNames[]> {
  return inTransaction(pool, tenant, async (client) => {
    await assertOperatorPurpose(client, tenant, by, "names");
    await appendEntry(client, {
      ...namesAct(tenant, ids),
      occurredAtMs: now(),
      tenant,
      actor: by,
      outcome: "success",
    });
    return namesOf(client, profiles, tenant, ids);
  });
}

/**
 * Like `readAccountNames`, for an act of the operator that has an entry of its own, which says that names
 * were read.
 */
export const namesOfAccounts = (
  { pool, profiles }: Pick<DirectoryDeps, "pool" | "profiles">,
  tenant: TenantId,
  ids: readonly UserId[],
): Promise<readonly AccountNames[]> =>
  inTransaction(pool, tenant, (client) => namesOf(client, profiles, tenant, ids));

const namesAct = (tenant: TenantId, accounts: readonly UserId[]) =>
  ({
    action: "audit.read_names",
    resource: { type: "audit-log", id: tenant },
    details: { accounts },
  }) as const;

interface AccountRow {
  readonly id: UserId;
  readonly role: Role;
  /** Sealed. */
  readonly username: Uint8Array | null;
  readonly displayName: Uint8Array | null;
}

async function namesOf(
  client: Client,
  profiles: Profiles,
  tenant: TenantId,
  ids: readonly UserId[],
): Promise<readonly AccountNames[]> {
  const { rows } = await client.query<AccountRow>(ACCOUNTS, [ids]);
  return profiles.openedNames(tenant, rows);
}
