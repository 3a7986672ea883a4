import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import type { Client } from "../../../db/pool.ts";
import type { OutgoingReach } from "../../../keys/environment/outgoing-reach.ts";
import type { SubjectKeys } from "../../../keys/at-rest/subject-keys.ts";
import { IdentityError } from "../../identity-error.ts";
import type { UseCase } from "../../audited.ts";

/** The dependencies of what works on a webhook. */
export interface WebhookDeps extends UseCase {
  readonly subjects: SubjectKeys;
  readonly reach: OutgoingReach;
}

/** A webhook as it is stored. Times are milliseconds since the Unix epoch. */
export interface StoredWebhook {
  readonly url: string;
  readonly secret: Uint8Array;
  readonly sealedUnder: UserId;
  readonly setAtMs: number;
  readonly failingSinceMs: number | null;
  readonly disabledAtMs: number | null;
}

/** The columns of `StoredWebhook`. A webhook is known by `sealedUnder`. */
export const WEBHOOK_COLUMNS = `url, secret, sealed_under as "sealedUnder", set_at_ms as "setAtMs",
  failing_since_ms as "failingSinceMs", disabled_at_ms as "disabledAtMs"`;

/**
 * Returns the webhook that is in use.
 * @throws IdentityError webhook_not_set
 */
export async function storedWebhook(client: Client): Promise<StoredWebhook> {
  const { rows } = await client.query<StoredWebhook>(
    `select ${WEBHOOK_COLUMNS} from alert_webhooks where replaced_at_ms is null`,
  );
  const [webhook] = rows;
  if (webhook === undefined)
    throw new IdentityError("webhook_not_set", "The tenant has no webhook for alerts. Set one.");
  return webhook;
}

/** The resource of entries about a tenant's webhook. */
export const ofWebhook = (tenant: TenantId) => ({ type: "alert", id: tenant }) as const;
