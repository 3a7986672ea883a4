import { classified, type AuditEntry } from "../../audit/append-entry.ts";
import { appendRepeatable } from "../../audit/append-repeatable.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { createBatchLoader } from "../../db/batch-loader.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { isStaff, type Actor } from "../../policies/actor.ts";
import { noteGenerations } from "./note-generations.ts";

/** The conditions for a device that follows its conversations. */
export interface Admission {
  readonly keyMaxMessages: number;
  readonly keyMaxAgeMs: number;
  /** For how long after a message its author may edit or delete it, in milliseconds; 0 for never. */
  readonly revisionMs: number;
  /** The time when the device was admitted, in microseconds of the database's clock. */
  readonly sinceMicros: number;
  /** The highest store generation that the device had said before this hello; 0 for none. */
  readonly lastGeneration: number;
}

const ADMISSION = `
  select key_max_messages as "keyMaxMessages", key_max_age_ms as "keyMaxAgeMs",
    coalesce(revision_minutes, 0)::int8 * 60000 as "revisionMs",
    (extract(epoch from clock_timestamp()) * 1000000)::int8 as "sinceMicros"
  from tenants where id = $1`;

interface Asked {
  readonly actor: Actor & { readonly device: DeviceId };
  readonly generation: number;
  readonly atMs: number;
}

// Devices that come back at the same time are admitted together: one commit instead of thousands.
const admitTogether = createBatchLoader<Asked, Admission | undefined>({
  answer: (pool, tenant, asked) =>
    inTransaction(pool, tenant, async (client) => {
      const entries = asked.filter(({ actor }) => isStaff(actor.role)).map(entryOf);
      if (entries.length > 0) await appendRepeatable(client, tenant, entries.map(classified));
      const said = asked.map(({ actor, generation }) => ({ device: actor.device, generation }));
      const before = await noteGenerations(client, tenant, said);
      const { rows } = await client.query<Omit<Admission, "lastGeneration">>(ADMISSION, [tenant]);
      const [row] = rows;
      return before.map((lastGeneration) => row && { ...row, lastGeneration });
    }),
  weigh: () => 1,
  most: 256,
});

const entryOf = ({ actor, atMs }: Asked): Omit<AuditEntry<"relay.connect">, "tenant"> => ({
  occurredAtMs: atMs,
  actor: { kind: "user", id: actor.user, role: actor.role, device: actor.device },
  action: "relay.connect",
  resource: { type: "device", id: actor.device },
  outcome: "success",
  session: actor.session,
  method: actor.method,
});

/**
 * Lets a device follow its conversations, and notes the generation of its store. If it belongs to staff, this is in the audit log, because
 * the device is sent what others wrote from here on.
 * @throws IdentityError tenant_not_found
 */
export async function admitDevice(
  { pool, now }: { readonly pool: Pool; readonly now: () => number },
  actor: Actor & { readonly device: DeviceId },
  generation: number,
): Promise<Admission> {
  const admission = await admitTogether(pool, actor.tenant, { actor, generation, atMs: now() });
  if (admission === undefined)
    throw new IdentityError("tenant_not_found", "There is no such tenant.");
  return admission;
}
