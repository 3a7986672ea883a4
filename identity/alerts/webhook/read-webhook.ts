import type { Client } from "../../../db/pool.ts";
import { decideAlerts } from "../../../policies/alerts.ts";
import type { UseCase } from "../../audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../party.ts";
import { ofWebhook, storedWebhook, type StoredWebhook } from "./stored-webhook.ts";

/** A webhook as officers see it. Times are milliseconds since the Unix epoch. */
export interface Webhook {
  /** The host of its URL. The rest of the URL may be a token, so nobody is shown it. */
  readonly host: string;
  readonly setAtMs: number;
  /** Since when every attempt failed; null after one that succeeded. */
  readonly failingSinceMs: number | null;
  /** When the server gave up; null if it has not. */
  readonly disabledAtMs: number | null;
  /** The number of alerts that it has not taken yet. */
  readonly waiting: number;
}

/**
 * Returns the tenant's webhook.
 * @throws IdentityError webhook_not_set, forbidden
 */
export function readWebhook(deps: UseCase, party: Party): Promise<Webhook> {
  const tenant = tenantOf(party);
  const act = { action: "alert.read_webhook", resource: ofWebhook(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decideAlerts(actor, "read_webhook", { tenant })));
    const webhook = await storedWebhook(client);
    const waiting = await countWaiting(client, webhook);
    const { url, setAtMs, failingSinceMs, disabledAtMs } = webhook;
    return { host: new URL(url).host, setAtMs, failingSinceMs, disabledAtMs, waiting };
  });
}

async function countWaiting(client: Client, { sealedUnder }: StoredWebhook): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::int as count from alert_deliveries where webhook = $1",
    [sealedUnder],
  );
  return rows[0]?.count ?? 0;
}
