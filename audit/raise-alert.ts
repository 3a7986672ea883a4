import type { TenantId, UserId } from "../crypto/wire/ids.ts";
import type { Uuid } from "../crypto/wire/uuid.ts";
import type { Client } from "../db/pool.ts";
import { isAlerting } from "../policies/alerts.ts";
import { NO_TENANT } from "./logs.ts";

/** The fields of an entry that an alert has. */
interface AlertingEntry {
  readonly tenant: TenantId;
  readonly actor: {
    readonly id: string;
    readonly person?: { readonly name: string } | undefined;
  };
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
  readonly subject?: UserId | undefined;
  readonly outcome: string;
  readonly details?: object | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly occurredAtMs: number;
}

const INSERT = `
  with raised as (
    insert into sealdesk.alerts (tenant, id, action, resource_kind, resource, actor, subject, raised_at_ms)
    values ($1, $2, $3, $4, $5, $6, $7, $8) returning tenant, id)
  insert into sealdesk.alert_deliveries (tenant, alert)
  select tenant, raised.id from raised join sealdesk.alert_webhooks using (tenant)`;

/**
 * Alerts the tenant's officers to an act, if a policy says so, and queues the alert for the tenant's webhook. The operator's log has no officers.
 * It runs in the transaction of the act's entry, so no act that has an entry is left out.
 * @param eventId the id of the entry
 */
export async function raiseAlert(
  client: Client,
  eventId: Uuid,
  entry: AlertingEntry,
): Promise<void> {
  const { tenant, actor, action, resource, subject, outcome, occurredAtMs } = entry;
  const role = roleIn(entry.details);
  const done = { action, actor: actor.id, resource: resource.id, role };
  if (tenant === NO_TENANT || outcome !== "success" || !isAlerting(done)) return;
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

const roleIn = (details: object | undefined): string | undefined =>
  details !== undefined && "role" in details ? String(details.role) : undefined;
