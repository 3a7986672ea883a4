import { inTransaction } from "../../db/transaction.ts";
import { ACTS_EVERY_MS } from "../../policies/idle-log-off.ts";
import type { Actor } from "../../policies/actor.ts";
import type { UseCase } from "../audited.ts";

/**
 * Records that a person did something in the actor's session just now, by the database's clock. At most one report a
 * minute is stored. A session that has ended does not begin again: the request was refused before.
 */
export async function reportActivity(
  { pool }: Pick<UseCase, "pool">,
  { tenant, session }: Pick<Actor, "tenant" | "session">,
): Promise<void> {
  await inTransaction(pool, tenant, (client) =>
    client.query(
      `update sessions set acted_at_ms = sealdesk.database_now_ms()
       where id = $1 and acted_at_ms <= sealdesk.database_now_ms() - $2 and revoked_at_ms is null`,
      [session, ACTS_EVERY_MS],
    ),
  );
}
