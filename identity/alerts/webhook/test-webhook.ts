import type { NewId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { auditedBy, tenantOf, type Party } from "../../party.ts";
import { assertMaySetWebhook } from "./may-set-webhook.ts";
import { ofWebhook, storedWebhook, type WebhookDeps } from "./stored-webhook.ts";
import { sendMessage, testMessage, type WebhookAnswer } from "./webhook-message.ts";
import { openWebhookSecret } from "./webhook-secret.ts";

/**
 * Sends one message of the type `alert.test` to the tenant's webhook, once.
 * @returns how the receiver answered
 * @throws IdentityError webhook_not_set, key_missing, forbidden, device_required, step_up_required; KeysError kms_...
 */
export async function testWebhook(
  deps: WebhookDeps & { readonly newId: NewId },
  party: Party,
): Promise<WebhookAnswer> {
  const { subjects, reach, now } = deps;
  const tenant = tenantOf(party);
  const act = { action: "alert.test_webhook", resource: ofWebhook(tenant) } as const;
  const webhook = await auditedBy(deps, party, act, async (client, note) => {
    note(await assertMaySetWebhook(client, party, now()));
    return storedWebhook(client);
  });
  const secret = await openWebhookSecret(subjects, { tenant, ...webhook });
  const message = testMessage(tenant, deps.newId<Uuid>(), now());
  return sendMessage({ url: webhook.url, secret, reach }, message, now());
}
