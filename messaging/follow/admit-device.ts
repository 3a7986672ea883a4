import { appendEntry } from "../../audit/append-entry.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { KeysError } from "../../keys/keys-error.ts";
import { isStaff, type Actor } from "../../policies/actor.ts";

/** What holds for a device that follows its conversations. */
export interface Admission {
  readonly keyMaxMessages: number;
  readonly keyMaxAgeMs: number;
  /** When it was let in, by the database's clock. Microseconds. */
  readonly since: number;
}

/**
 * Lets a device follow its conversations. That staff began to is in the audit log, for from here on
 * they are sent what others wrote. @throws KeysError tenant_not_found
 */
export async function admitDevice(
  { pool, now }: { readonly pool: Pool; readonly now: () => number },
  actor: Actor & { readonly device: Uuid },
): Promise<Admission> {
  const { tenant, user, role, device, session, method } = actor;
  return inTransaction(pool, tenant, async (client) => {
    const { rows } = await client.query<Admission>(
      `select key_max_messages as "keyMaxMessages", key_max_age_ms as "keyMaxAgeMs",
         (extract(epoch from clock_timestamp()) * 1000000)::int8 as since
       from tenants where id = $1`,
      [tenant],
    );
    const [admission] = rows;
    if (admission === undefined)
      throw new KeysError("tenant_not_found", "There is no such tenant.");
    if (isStaff(role))
      await appendEntry(client, {
        occurredAtMs: now(),
        tenant,
        actor: { kind: "user", id: user, role, device },
        action: "relay.connect",
        class: "R",
        resource: { type: "device", id: device },
        outcome: "success",
        session,
        method,
      });
    return admission;
  });
}
