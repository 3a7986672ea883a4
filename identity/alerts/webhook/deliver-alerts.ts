import { appendEntry } from "../../../audit/append-entry.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import type { Client } from "../../../db/pool.ts";
import { runPeriodically } from "../../../db/run-periodically.ts";
import { throwAll } from "../../../db/throw-all.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { inBatches } from "../../../keys/at-rest/in-batches.ts";
import {
  ofWebhook,
  WEBHOOK_COLUMNS,
  type StoredWebhook,
  type WebhookDeps,
} from "./stored-webhook.ts";
import {
  alertMessage,
  sendMessage,
  type SentAlert,
  type WebhookAnswer,
} from "./webhook-message.ts";
import { openWebhookSecret } from "./webhook-secret.ts";

interface DeliveryDeps extends WebhookDeps {
  /** Is told of the first attempt that fails after one that succeeded. */
  readonly onFailing: (tenant: TenantId, answer: WebhookAnswer) => void;
}

/** The time for which a node that tries keeps other nodes from it. It is longer than an attempt takes. */
const ATTEMPT_MS = 15_000;
const LEAST_WAIT_MS = 5_000;
const MOST_WAIT_MS = 3_600_000;
/** After this time without success, the server gives up. */
const GIVE_UP_MS = 5 * 86_400_000;
/** The alerts of one tenant in a round, so that the others have their turn. */
const ALERTS_PER_ROUND = 10;
const TENANTS_AT_ONCE = 16;
/** The receiver says that it will never take anything more (Standard Webhooks). */
const GONE = 410;

const CLAIM = `
  update alert_webhooks set next_attempt_at_ms = $2
  where next_attempt_at_ms <= $1 and sealed_under = (
    select sealed_under from alert_webhooks
    where disabled_at_ms is null and next_attempt_at_ms <= $1
      and exists (select from alert_deliveries where webhook = sealed_under)
    order by next_attempt_at_ms, set_at_ms limit 1)
  returning ${WEBHOOK_COLUMNS}`;
// The ids are UUIDs of version 7, so their order is that of time.
const OLDEST = `
  select id, action, resource_kind as "resourceKind", resource, actor, subject, raised_at_ms as "raisedAtMs"
  from alerts join alert_deliveries d on d.alert = id where d.webhook = $1 order by id limit 1`;
const SETTLE = `
  update alert_webhooks set failing_since_ms = $2, next_attempt_at_ms = $3, disabled_at_ms = $4
  where sealed_under = $1 and disabled_at_ms is null`;
// A former webhook that has taken everything.
const FORGET_DONE = `
  delete from alert_webhooks where sealed_under = $1 and replaced_at_ms is not null
    and not exists (select from alert_deliveries where webhook = $1)`;
const FORGET_FORMER =
  "delete from alert_webhooks where sealed_under = $1 and replaced_at_ms is not null";

/**
 * Sends the oldest alert that waits for a webhook of a tenant. The attempt is recorded before the request, so of several nodes only
 * one tries, and after a kill a node tries again. The receiver may get an alert twice, always with the same id and body.
 * @returns whether it was taken, so that the next one can be sent
 */
async function deliverOne(deps: DeliveryDeps, tenant: TenantId): Promise<boolean> {
  const { pool, subjects, reach, now } = deps;
  const claimed = await inTransaction(pool, tenant, async (client) => {
    const { rows: webhooks } = await client.query<StoredWebhook>(CLAIM, [
      now(),
      now() + ATTEMPT_MS,
    ]);
    const [webhook] = webhooks;
    if (webhook === undefined) return undefined;
    const { rows: alerts } = await client.query<SentAlert>(OLDEST, [webhook.sealedUnder]);
    const [alert] = alerts;
    return alert && { webhook, alert };
  });
  if (claimed === undefined) return false;
  const { webhook, alert } = claimed;
  const secret = await openWebhookSecret(subjects, { tenant, ...webhook });
  const message = alertMessage(tenant, alert);
  const answer = await sendMessage({ url: webhook.url, secret, reach }, message, now());
  await inTransaction(pool, tenant, (client) =>
    answer.isTaken
      ? settleTaken(client, webhook, alert)
      : settleFailed(client, tenant, webhook, answer, now()),
  );
  if (!answer.isTaken && webhook.failingSinceMs === null) deps.onFailing(tenant, answer);
  return answer.isTaken;
}

async function settleTaken(
  client: Client,
  { sealedUnder }: StoredWebhook,
  { id }: SentAlert,
): Promise<void> {
  await client.query("delete from alert_deliveries where webhook = $1 and alert = $2", [
    sealedUnder,
    id,
  ]);
  await client.query(SETTLE, [sealedUnder, null, 0, null]);
  await client.query(FORGET_DONE, [sealedUnder]);
}

/**
 * The next attempt is after as long as every attempt has failed, but within an hour. A former webhook that is given up
 * is forgotten.
 */
async function settleFailed(
  client: Client,
  tenant: TenantId,
  { sealedUnder, failingSinceMs }: StoredWebhook,
  answer: WebhookAnswer,
  nowMs: number,
): Promise<void> {
  const sinceMs = failingSinceMs ?? nowMs;
  const waitMs = Math.min(Math.max(nowMs - sinceMs, LEAST_WAIT_MS), MOST_WAIT_MS);
  const isGone = "status" in answer && answer.status === GONE;
  const givesUp = isGone || nowMs - sinceMs >= GIVE_UP_MS;
  const { rowCount } = await client.query(SETTLE, [
    sealedUnder,
    sinceMs,
    nowMs + waitMs,
    givesUp ? nowMs : null,
  ]);
  if (!givesUp || rowCount === 0) return;
  // An officer may have replaced it during the attempt.
  const { rowCount: forgotten } = await client.query(FORGET_FORMER, [sealedUnder]);
  if (forgotten !== 0) return;
  await appendEntry(client, {
    occurredAtMs: nowMs,
    tenant,
    actor: { kind: "system", id: "webhook" },
    action: "alert.disable_webhook",
    resource: ofWebhook(tenant),
    outcome: "success",
    details: { failingSinceMs: sinceMs, isGone },
  });
}

/** Sends the alerts of all tenants that can be sent now. A tenant whose receiver hangs delays no other one for long. */
async function deliverDue(deps: DeliveryDeps): Promise<void> {
  const { rows } = await deps.pool.query<{ tenant: TenantId }>(
    "select tenants_with_due_alerts as tenant from sealdesk.tenants_with_due_alerts($1)",
    [deps.now()],
  );
  const failures: unknown[] = [];
  await inBatches(rows, TENANTS_AT_ONCE, async ({ tenant }) => {
    try {
      for (let sent = 0; sent < ALERTS_PER_ROUND; sent++)
        if (!(await deliverOne(deps, tenant))) return;
    } catch (error) {
      failures.push(error);
    }
  });
  throwAll(failures, "The alerts of some tenants could not be sent.");
}

const EVERY_MS = 1_000;

/** Looks every second for alerts to send. @returns a function that stops */
export const deliverAlertsPeriodically = (
  deps: DeliveryDeps,
  onError: (error: unknown) => void,
): (() => Promise<void>) => runPeriodically(() => deliverDue(deps), EVERY_MS, onError);
