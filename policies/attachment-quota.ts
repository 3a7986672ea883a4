import { allow, deny, type Decision } from "./decision.ts";

/** A tenant's limits of attachments. */
export interface AttachmentLimits {
  readonly maxBytes: number;
  readonly conversationBytes: number;
  readonly accountBytes: number;
  readonly accountCount: number;
  readonly tenantBytes: number;
  readonly tenantCount: number;
  /** The bytes of an account's uploads that are not complete. */
  readonly uploadBytes: number;
  readonly uploadCount: number;
}

interface Counts {
  readonly items: number;
  readonly bytes: number;
}

/**
 * The stored amounts, including the upload that is decided on. A kind without rows counts as zero.
 */
export interface AttachmentUsage {
  /**
   * The attachments of the tenant. Their bytes are those that arrived, so the new upload has none
   * yet.
   */
  readonly attachments?: Counts;
  readonly attachments_of_account?: Counts;
  readonly attachments_of_conversation?: Counts;
  readonly uploads_of_account?: Counts;
}

const none: Counts = { items: 0, bytes: 0 };

/**
 * Decides whether an upload of `size` bytes may begin. Pure.
 * @returns a denial whose reason is the name of the limit
 */
export function decideAttachmentQuota(
  limits: AttachmentLimits | undefined,
  usage: AttachmentUsage,
  size: number,
): Decision {
  const { attachments: tenant = none, attachments_of_account: account = none } = usage;
  const { attachments_of_conversation: conversation = none, uploads_of_account: uploads = none } =
    usage;
  if (limits === undefined) return deny();
  if (size > limits.maxBytes) return deny("attachment_max_bytes");
  if (conversation.bytes > limits.conversationBytes) return deny("attachment_conversation_bytes");
  if (account.bytes > limits.accountBytes) return deny("attachment_account_bytes");
  if (account.items > limits.accountCount) return deny("attachment_account_count");
  if (uploads.items > limits.uploadCount) return deny("upload_account_count");
  if (uploads.bytes > Math.max(limits.uploadBytes, size)) return deny("upload_account_bytes");
  if (tenant.items > limits.tenantCount) return deny("attachment_tenant_count");
  if (tenant.bytes + size > limits.tenantBytes) return deny("attachment_tenant_bytes");
  return allow("within_quota");
}
