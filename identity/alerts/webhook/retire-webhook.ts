import type { Client } from "../../../db/pool.ts";

// One that the server gave up, or that is gone, takes nothing more.
const FORGET = "delete from alert_webhooks where disabled_at_ms is not null";
const RETIRE = "update alert_webhooks set replaced_at_ms = $1 where replaced_at_ms is null";

/**
 * Takes the tenant's webhook out of use, if there is one. It stays until it took what waits for it and the alert about
 * this act. So nobody hides an act from the receiver by setting another webhook, or by removing this one.
 * @param nowMs milliseconds since the Unix epoch
 */
export async function retireWebhook(client: Client, nowMs: number): Promise<void> {
  await client.query(RETIRE, [nowMs]);
  await client.query(FORGET);
}
