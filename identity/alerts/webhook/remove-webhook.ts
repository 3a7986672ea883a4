import { auditedBy, tenantOf, type Party } from "../../party.ts";
import { assertMaySetWebhook } from "./may-set-webhook.ts";
import { ofWebhook, storedWebhook } from "./stored-webhook.ts";
import type { UseCase } from "../../audited.ts";

/**
 * Removes the tenant's webhook. Alerts that wait for it stay in the list of alerts, and are not sent.
 * @throws IdentityError webhook_not_set, forbidden, device_required, step_up_required
 */
export async function removeWebhook(deps: UseCase, party: Party): Promise<void> {
  const act = { action: "alert.remove_webhook", resource: ofWebhook(tenantOf(party)) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    note(await assertMaySetWebhook(client, party, deps.now()));
    const { url } = await storedWebhook(client);
    await client.query("delete from alert_webhooks");
    note({ details: { host: new URL(url).host } });
  });
}
