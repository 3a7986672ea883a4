import { hash } from "node:crypto";
import type { NewId, UserId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { Secret } from "../../../keys/secret.ts";
import { IdentityError } from "../../identity-error.ts";
import { parseOutgoingUrl } from "../../outgoing/outgoing-url.ts";
import { auditedBy, tenantOf, type Party } from "../../party.ts";
import { assertMaySetWebhook } from "./may-set-webhook.ts";
import { retireWebhook } from "./retire-webhook.ts";
import { ofWebhook, type WebhookDeps } from "./stored-webhook.ts";
import { newWebhookSecret, sealWebhookSecret } from "./webhook-secret.ts";

// Changes of a tenant's webhook wait for each other.
const LOCK = "select pg_advisory_xact_lock(hashtextextended('webhook ' || $1, 0))";
const WAITING = `
  select d.alert from alert_deliveries d join alert_webhooks w on w.sealed_under = d.webhook
  where w.replaced_at_ms is null`;
const STORE =
  "insert into alert_webhooks (tenant, url, secret, sealed_under, set_at_ms) values ($1, $2, $3, $4, $5)";
const QUEUE = `
  insert into alert_deliveries (tenant, webhook, alert) select $1, $2, unnest($3::uuid[])`;

/**
 * Sets the URL to which the tenant's alerts are sent, with a new secret. Alerts that wait are sent there, also if the
 * server had given up. The former URL is also sent those, and the alert about this act, with its secret. The URL may contain a token, so the audit log has its host and its hash.
 * @returns the secret, which is shown to nobody again
 * @throws IdentityError invalid_webhook_url, forbidden, device_required, step_up_required; KeysError kms_...
 */
export async function setWebhook(
  deps: WebhookDeps & { readonly newId: NewId },
  party: Party,
  text: string,
): Promise<Secret<Uint8Array>> {
  const tenant = tenantOf(party);
  const act = { action: "alert.set_webhook", resource: ofWebhook(tenant) } as const;
  const place = { tenant, sealedUnder: deps.newId<UserId>() };
  const secret = newWebhookSecret();
  await auditedBy(deps, party, act, async (client, note) => {
    note(await assertMaySetWebhook(client, party, deps.now()));
    const parsed = parseOutgoingUrl(text, deps.reach);
    if ("wrong" in parsed)
      throw new IdentityError(
        "invalid_webhook_url",
        `This URL of a webhook cannot be used: ${parsed.wrong}.`,
      );
    const { href } = parsed;
    const sealed = await sealWebhookSecret(deps.subjects, place, secret);
    await client.query(LOCK, [tenant]);
    const { rows: waiting } = await client.query<{ alert: Uuid }>(WAITING);
    await retireWebhook(client, deps.now());
    await client.query(STORE, [tenant, href, sealed, place.sealedUnder, deps.now()]);
    await client.query(QUEUE, [tenant, place.sealedUnder, waiting.map(({ alert }) => alert)]);
    note({ details: { host: new URL(href).host, urlHash: hash("sha256", href) } });
  });
  return secret;
}
