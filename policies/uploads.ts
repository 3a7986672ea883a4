import type { TenantId, UserId, DeviceId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule, missingEvidence } from "./granting-rule.ts";
import { decideOpening } from "./restrictions.ts";
import type { UploadAction } from "./rules/upload.ts";

export type { UploadAction } from "./rules/upload.ts";

export interface UploadFacts {
  readonly tenant: TenantId;
  /** The device that began the upload. */
  readonly device: DeviceId;
  /** A complete upload is an attachment of its conversation, which others may have read. */
  readonly state: "uploading" | "complete";
  /** The upload's conversation, and who its members are now. */
  readonly conversationState: "open" | "closed";
  readonly members: readonly UserId[];
  /** As in `ConversationFacts`. */
  readonly restrictedTo?: readonly UserId[] | undefined;
  /** Whether a legal hold or a retention lock preserves the attachment: for "terminate". */
  readonly isPreserved: boolean;
}

/** Decides whether `actor` may do `action` to the upload that `facts` describe. Denies by default. Pure. */
export function decideUpload(actor: Actor, action: UploadAction, facts: UploadFacts): Decision {
  const rule = grantingRule(actor, "upload", action, facts);
  // Nothing changes in a conversation whose processing is restricted.
  if (rule !== undefined)
    return facts.restrictedTo === undefined ? allow(rule.reason) : decideOpening(actor, []);
  return deny(...whyNot(actor, facts), ...missingEvidence(actor, "upload", action, facts));
}

/** Lists what prevents the action, for the audit log. */
function whyNot(actor: Actor, facts: UploadFacts): string[] {
  if (facts.tenant !== actor.tenant) return ["foreign_tenant"];
  if (facts.device !== actor.device) return ["foreign_device"];
  const reasons: string[] = [];
  if (!facts.members.includes(actor.user)) reasons.push("not_a_member");
  if (facts.conversationState === "closed") reasons.push("conversation_closed");
  if (facts.isPreserved) reasons.push("preserved");
  return [...reasons, `role_${actor.role}`];
}
