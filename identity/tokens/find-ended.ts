import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { TenantId, DeviceId, SessionId } from "../../crypto/wire/ids.ts";
import type { Role } from "../../policies/actor.ts";

/** A connected device, and the session and role that it connected with. */
export interface Connected {
  readonly device: DeviceId;
  readonly session: SessionId;
  readonly role: Role;
}

/** A connection that must be closed, and why. */
export interface Ended extends Connected {
  readonly what: "device" | "session" | "idle" | "role";
}

const ENDED = `
  select c.device, c.session, c.role,
    case when d.revoked_at_ms is not null then 'device'
      when s.was_idle then 'idle'
      when s.revoked_at_ms is not null then 'session' else 'role' end as what
  from unnest($1::uuid[], $2::uuid[], $3::text[]) as c (device, session, role)
  join devices d on d.id = c.device
  join sessions s on s.id = c.session
  join users u on u.id = d.user_id
  where d.revoked_at_ms is not null or s.revoked_at_ms is not null or u.role <> c.role`;

/**
 * Finds those of `connected` whose device was removed, whose session was ended or whose account has
 * another role now. It does not matter which process changed it.
 */
export async function findEnded(
  pool: Pool,
  tenant: TenantId,
  connected: readonly Connected[],
): Promise<readonly Ended[]> {
  if (connected.length === 0) return [];
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<Ended>(ENDED, [
      uuidArray(connected.map(({ device }) => device)),
      uuidArray(connected.map(({ session }) => session)),
      connected.map(({ role }) => role),
    ]),
  );
  return rows;
}
