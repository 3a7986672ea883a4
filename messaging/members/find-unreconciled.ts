import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { nilId, type TenantId, type UserId, type DeviceId } from "../../crypto/wire/ids.ts";

/** Devices that one statement looks at, so that none runs for long. */
const PAGE = 1000;

// The query looks at one device after the other, like `reconcileDevices`. With few statistics, the
// planner made a join read all devices of all members.
const CHANGED = `
  with changed as materialized (
    select id, user_id, revoked_at_ms is null as active from devices
    where id > $1 and greatest(created_at_ms, revoked_at_ms) >= $2 order by id limit $3)
  select id, user_id as "user", exists (
    select from members m
    where m.user_id = changed.user_id and m.until_seq is null and changed.active = (0 = (
      select count(*) from member_devices md
      where md.conversation = m.conversation and md.device = changed.id and md.until_seq is null))
  ) as "isUnfinished"
  from changed order by id`;

interface ChangedDevice {
  readonly id: DeviceId;
  readonly user: UserId;
  readonly isUnfinished: boolean;
}

/**
 * Finds the users who have a device that was registered or revoked at `sinceMs` or later, and that a
 * conversation of theirs lacks or still has.
 * @param sinceMs milliseconds since the Unix epoch
 */
export async function findUnreconciled(
  pool: Pool,
  tenant: TenantId,
  sinceMs: number,
): Promise<ReadonlySet<UserId>> {
  const users = new Set<UserId>();
  let last: DeviceId = nilId();
  for (;;) {
    const { rows } = await inTransaction(pool, tenant, (client) =>
      client.query<ChangedDevice>(CHANGED, [last, sinceMs, PAGE]),
    );
    for (const { user, isUnfinished } of rows) if (isUnfinished) users.add(user);
    if (rows.length < PAGE) return users;
    last = rows.at(-1)?.id ?? last;
  }
}
