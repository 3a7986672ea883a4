import { auditedBy, tenantOf, type Party } from "../../party.ts";
import { assertMaySetWebhook } from "./may-set-webhook.ts";
import { retireWebhook } from "./retire-webhook.ts";
import { ofWebhook, storedWebhook } from "./stored-webhook.ts";
import type { UseCase } from "../../audited.ts";

/**
 * Removes the tenant's webhook. The server still sends it the alerts that wait, and the one about its removal.
 * @throws IdentityError webhook_not_set, forbidden, device_required, step_up_required
 */
export async function removeWebhook(deps: UseCase, party: Party): Promise<void> {
  const act = { action: "alert.remove_webhook", resource: ofWebhook(tenantOf(party)) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    note(await assertMaySetWebhook(client, party, deps.now()));
    const { url } = await storedWebhook(client);
    await retireWebhook(client, deps.now());
    note({ details: { host: new URL(url).host } });
  });
}
