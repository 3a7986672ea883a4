import type { Uuid } from "../crypto/wire/uuid.ts";
import type { Client } from "../db/pool.ts";
import { isAlerting } from "../policies/alerts.ts";
import type { EntryRecord } from "./append-entry.ts";

const INSERT = `
  insert into sealdesk.alerts (tenant, id, action, resource_kind, resource, actor, subject, raised_at_ms)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`;

/**
 * Alerts the tenant's officers to an act, if a policy says so. It runs in the transaction of the act's entry, so no act
 * that has an entry is left out.
 * @param eventId the id of the entry
 */
export async function raiseAlert(
  client: Client,
  eventId: Uuid,
  entry: Omit<EntryRecord, "class">,
): Promise<void> {
  const { tenant, actor, action, resource, subject, outcome, occurredAtMs } = entry;
  if (outcome !== "success" || !isAlerting(action)) return;
  const { person } = actor;
  await client.query(INSERT, [
    tenant,
    eventId,
    action,
    resource.type,
    resource.id,
    person === undefined ? actor.id : `${actor.id}:${person.name}`,
    subject ?? null,
    occurredAtMs,
  ]);
}
