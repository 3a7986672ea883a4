import { appendEntry } from "../../audit/append-entry.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { readTogether } from "../../db/read-together.ts";
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

const ADMISSION = `
  select key_max_messages as "keyMaxMessages", key_max_age_ms as "keyMaxAgeMs",
    (extract(epoch from clock_timestamp()) * 1000000)::int8 as since
  from tenants where id = $1`;

/**
 * Lets a device follow its conversations. That staff began to is in the audit log, for from here on
 * they are sent what others wrote. @throws KeysError tenant_not_found
 */
export async function admitDevice(
  { pool, now }: { readonly pool: Pool; readonly now: () => number },
  actor: Actor & { readonly device: Uuid },
): Promise<Admission> {
  const { tenant, user, role, device, session, method } = actor;
  const read = (client: Client) => client.query<Admission>(ADMISSION, [tenant]);
  const { rows } = !isStaff(role)
    ? await readTogether(pool, tenant, read)
    : await inTransaction(pool, tenant, async (client) => {
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
        return read(client);
      });
  const [admission] = rows;
  if (admission === undefined) throw new KeysError("tenant_not_found", "There is no such tenant.");
  return admission;
}
