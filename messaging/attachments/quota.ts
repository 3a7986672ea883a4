import type { TenantId, ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import {
  decideAttachmentQuota,
  type AttachmentLimits,
  type AttachmentUsage,
} from "../../policies/attachment-quota.ts";
import { MessagingError } from "../messaging-error.ts";

const LIMITS = `
  select attachment_max_bytes as "maxBytes", attachment_conversation_bytes as "conversationBytes",
    attachment_account_bytes as "accountBytes", attachment_account_count as "accountCount",
    attachment_tenant_bytes as "tenantBytes", attachment_tenant_count as "tenantCount",
    upload_account_bytes as "uploadBytes", upload_account_count as "uploadCount"
  from tenants where id = $1`;
// The rows of counts, which triggers keep: at most 16 of the tenant, and three others.
const USAGE = `
  select kind, sum(items)::bigint as items, sum(bytes)::bigint as bytes from storage_usage
  where tenant = $1 and day = 0 and (kind, owner) in (('attachments', $1),
    ('attachments_of_conversation', $2), ('attachments_of_account', $3), ('uploads_of_account', $3))
  group by kind`;

interface CountsOfKind {
  readonly kind: keyof AttachmentUsage;
  readonly items: number;
  readonly bytes: number;
}

interface Upload {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly uploader: UserId;
  readonly size: number;
}

/**
 * Checks that an upload whose row this transaction has inserted is within the tenant's limits. An
 * upload counts with its full size against the account's and the conversation's quota. It counts
 * against the tenant's quota only with the bytes that arrived. So an account cannot take space from
 * others by announcing bytes.
 * @throws MessagingError attachment_too_large, quota_exceeded; the transaction must be rolled back
 */
export async function assertQuota(client: Client, upload: Upload): Promise<void> {
  const { tenant, conversation, uploader, size } = upload;
  const { rows: tenants } = await client.query<AttachmentLimits>(LIMITS, [tenant]);
  const { rows } = await client.query<CountsOfKind>(USAGE, [tenant, conversation, uploader]);
  const [limits] = tenants;
  const usage = Object.fromEntries(rows.map(({ kind, ...counts }) => [kind, counts]));
  const decision = decideAttachmentQuota(limits, usage, size);
  if (decision.allowed) return;
  const [reason] = decision.reasons;
  if (reason === undefined || reason === "attachment_max_bytes")
    throw new MessagingError(
      "attachment_too_large",
      `An attachment may have at most ${limits?.maxBytes ?? 0} bytes.`,
    );
  throw new MessagingError("quota_exceeded", sentences[reason as keyof typeof sentences], decision);
}

const sentences = {
  attachment_conversation_bytes: "The conversation's quota for attachments is used up.",
  attachment_account_bytes: "The account's quota for attachments is used up. Remove some first.",
  attachment_account_count: "The account has too many attachments. Remove some first.",
  attachment_tenant_bytes: "The tenant's quota for attachments is used up.",
  attachment_tenant_count: "The tenant has too many attachments.",
  upload_account_bytes: "The account's unfinished uploads are too large. Complete or remove one.",
  upload_account_count: "The account has too many unfinished uploads. Complete or remove one.",
} as const;

const TENANT_BYTES = `
  select coalesce(sum(u.bytes), 0)::bigint > t.attachment_tenant_bytes as "isFull"
  from tenants t left join storage_usage u
    on u.tenant = t.id and u.kind = 'attachments' and u.owner = t.id and u.day = 0
  where t.id = $1 group by t.id`;

/**
 * Checks the tenant's quota after bytes of an upload were counted in this transaction.
 * @throws MessagingError quota_exceeded; the transaction must be rolled back
 */
export async function assertTenantHolds(client: Client, tenant: TenantId): Promise<void> {
  const { rows } = await client.query<{ isFull: boolean }>(TENANT_BYTES, [tenant]);
  if (rows[0]?.isFull === true)
    throw new MessagingError("quota_exceeded", sentences.attachment_tenant_bytes, {
      reasons: ["attachment_tenant_bytes"],
    });
}
