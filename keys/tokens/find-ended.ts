import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";

/** A connected device, and the session that it connected with. */
export interface Connected {
  readonly device: Uuid;
  readonly session: Uuid;
}

/** A connection that must be closed, and why. */
export interface Ended extends Connected {
  readonly what: "device" | "session";
}

const ENDED = `
  select c.device, c.session, case when d.revoked_at_ms is null then 'session' else 'device' end as what
  from unnest($1::uuid[], $2::uuid[]) as c (device, session)
  join devices d on d.id = c.device
  join sessions s on s.id = c.session
  where d.revoked_at_ms is not null or s.revoked_at_ms is not null`;

/** Finds those of `connected` whose device was removed or whose session was ended, by any node. */
export async function findEnded(
  pool: Pool,
  tenant: Uuid,
  connected: readonly Connected[],
): Promise<readonly Ended[]> {
  if (connected.length === 0) return [];
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<Ended>(ENDED, [
      uuidArray(connected.map(({ device }) => device)),
      uuidArray(connected.map(({ session }) => session)),
    ]),
  );
  return rows;
}
