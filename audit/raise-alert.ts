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

// The webhooks are chosen before they are locked. So one that is replaced meanwhile still gets the alert, and one that is
// deleted meanwhile is left out.
const INSERT = `
  with told as materialized (
    select sealed_under from sealdesk.alert_webhooks where replaced_at_ms is null or $9),
  raised as (
    insert into sealdesk.alerts (tenant, id, action, resource_kind, resource, actor, subject, raised_at_ms)
    values ($1, $2, $3, $4, $5, $6, $7, $8) returning tenant, id)
  insert into sealdesk.alert_deliveries (tenant, webhook, alert)
  select tenant, w.sealed_under, raised.id from raised join sealdesk.alert_webhooks w using (tenant)
  where w.sealed_under in (select sealed_under from told)
  for key share of w`;

/** The acts that end the use of a webhook. Former webhooks that still wait are told of them too. */
const replacing: readonly string[] = ["alert.set_webhook", "alert.remove_webhook"];

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
  const [role, provider] = [textIn(entry.details, "role"), textIn(entry.details, "provider")];
  const done = { action, actor: actor.id, resource: resource.id, role, provider };
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
    replacing.includes(action),
  ]);
}

function textIn(details: object = {}, name: string): string | undefined {
  const value: unknown = Reflect.get(details, name);
  return typeof value === "string" ? value : undefined;
}
