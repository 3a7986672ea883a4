import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { MessagingError } from "../messaging-error.ts";

// An unfinished upload counts with its full size, because that much space is reserved for it.
const USAGE = `
  select t.attachment_max_bytes as "one", t.attachment_conversation_bytes as "ofConversation",
    t.attachment_device_bytes as "ofDevice", t.attachment_tenant_bytes as "ofTenant",
    coalesce(sum(a.size), 0)::bigint as "tenantBytes",
    coalesce(sum(a.size) filter (where a.conversation = $2), 0)::bigint as "conversationBytes",
    coalesce(sum(a.size) filter (where a.device = $3), 0)::bigint as "deviceBytes"
  from tenants t left join attachments a on a.tenant = t.id
  where t.id = $1 group by t.id`;

/**
 * Checks that `size` more bytes fit the tenant's limits. Until the transaction ends, other uploads
 * of the tenant wait.
 * @throws MessagingError attachment_too_large, quota_exceeded
 */
export async function assertQuota(
  client: Client,
  upload: {
    readonly tenant: Uuid;
    readonly conversation: Uuid;
    readonly device: Uuid;
    readonly size: number;
  },
): Promise<void> {
  const { tenant, conversation, device, size } = upload;
  await client.query("select pg_advisory_xact_lock(hashtextextended('attachments ' || $1, 0))", [
    tenant,
  ]);
  const { rows } = await client.query(USAGE, [tenant, conversation, device]);
  const [usage] = rows;
  if (usage === undefined || size > usage.one)
    throw new MessagingError(
      "attachment_too_large",
      `An attachment may have at most ${usage?.one ?? 0} bytes.`,
    );
  const full =
    usage.conversationBytes + size > usage.ofConversation
      ? "conversation"
      : usage.deviceBytes + size > usage.ofDevice
        ? "device"
        : usage.tenantBytes + size > usage.ofTenant
          ? "tenant"
          : undefined;
  if (full !== undefined)
    throw new MessagingError("quota_exceeded", `The ${full}'s quota for attachments is used up.`, {
      reasons: [`quota_${full}`],
    });
}
