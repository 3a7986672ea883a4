import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { forEachTenant } from "../../db/for-each-tenant.ts";
import type { Client } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import { UNUSED_ANONYMOUS_MS } from "../../policies/anonymous-customers.ts";
import type { UseCase } from "../audited.ts";
import { forgetDeviceList } from "../directory/device-list.ts";
import { removeDevices } from "../directory/remove-devices.ts";

type SweepDeps = Pick<UseCase, "pool" | "now">;

/** Accounts that one transaction removes. */
const AT_ONCE = 100;

/** An anonymous account that never began a conversation. */
interface Unused {
  readonly user: UserId;
  /** Null if it never registered a device. */
  readonly accountKey: Uint8Array | null;
  readonly hasKeyEntries: boolean;
}

// What an account began stays, whoever has left it since, and so does an account that a hold or a case names. One without a device but with entries in the key log was swept.
const STILL_UNUSED = `not exists (select from members m where m.user_id = u.id)
    and not exists (select from hold_items i where i.subject = u.id)
    and not exists (select from cases c where c.subject = u.id)
    and not exists (select from sessions s where s.user_id = u.id and s.revoked_at_ms is null and s.expires_at_ms > $2)`;
const UNUSED = `
  select u.id as user, u.account_key as "accountKey",
    exists (select from key_entries k where k.user_id = u.id) as "hasKeyEntries"
  from users u
  where u.anonymous_key is not null and u.subject_index is null and u.created_at_ms <= $1
    and ${STILL_UNUSED}
    and (u.account_key is not null or not exists (select from key_entries k where k.user_id = u.id))
  order by u.created_at_ms limit ${AT_ONCE}
  for no key update of u skip locked`;

/**
 * Removes anonymous accounts that never began a conversation within a day, have no open session, and are named by no hold and no
 * case. An account with a device loses the device and its prekeys; the entries of the key log keep the account's id. Any other is deleted.
 * @returns how many accounts were removed
 */
export const sweepAnonymous = ({ pool, now }: SweepDeps): Promise<number> =>
  forEachTenant(pool, async (tenant) => {
    for (let removed = 0; ;) {
      const more = await inTransaction(pool, tenant, (client) => sweep(client, tenant, now()));
      removed += more;
      if (more < AT_ONCE) return removed;
    }
  });

async function sweep(client: Client, tenant: TenantId, nowMs: number): Promise<number> {
  const { rows: locked } = await client.query<Unused>(UNUSED, [nowMs - UNUSED_ANONYMOUS_MS, nowMs]);
  // A statement of its own, so that it sees what was committed before the locks were taken.
  const still = await client.query<Pick<Unused, "user">>(
    `select u.id as user from users u where u.id = any($1::uuid[]) and ${STILL_UNUSED}`,
    [locked.map(({ user }) => user), nowMs],
  );
  const unused = new Set(still.rows.map(({ user }) => user));
  const rows = locked.filter(({ user }) => unused.has(user));
  for (const { user, accountKey, hasKeyEntries } of rows) {
    await client.query("delete from link_requests where user_id = $1", [user]);
    await client.query("delete from sessions where user_id = $1", [user]);
    if (accountKey !== null) await removeDevice(client, { tenant, user, accountKey }, nowMs);
    else if (!hasKeyEntries)
      await client.query("select sealdesk.delete_anonymous_account($1)", [user]);
  }
  if (rows.length > 0)
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: { kind: "system", id: "sweep-anonymous" },
      action: "user.expire_anonymous",
      resource: { type: "tenant", id: tenant },
      outcome: "success",
      details: { accounts: rows.length },
    });
  return rows.length;
}

async function removeDevice(
  client: Client,
  account: Parameters<typeof removeDevices>[1],
  nowMs: number,
): Promise<void> {
  const { user } = account;
  await client.query(
    "delete from one_time_prekeys where device in (select id from devices where user_id = $1)",
    [user],
  );
  await removeDevices(client, account, "all", nowMs);
  await client.query("update users set account_key = null where id = $1", [user]);
  await forgetDeviceList(client, user);
}

const EVERY_MS = 3_600_000;

/**
 * Sweeps now and every hour.
 * @returns a function that stops the task
 */
export const sweepAnonymousPeriodically = (deps: SweepDeps, onError: (error: unknown) => void) =>
  runPeriodically(() => sweepAnonymous(deps), EVERY_MS, onError);
