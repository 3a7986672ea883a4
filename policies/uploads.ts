import {
  createMongoAbility,
  type MongoAbility,
  type MongoQuery,
  type RawRuleFrom,
} from "@casl/ability";
import type { TenantId, UserId, DeviceId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { conversingRoles } from "./conversation-rules.ts";
import { allow, deny, type Decision } from "./decision.ts";

/**
 * "continue": ask how far an upload has come, and send further bytes. "terminate": take it back, after
 * which it is removed. "share": name it as a pack of a history grant.
 */
export type UploadAction = "continue" | "terminate" | "share";

export interface UploadFacts {
  readonly tenant: TenantId;
  /** The device that began the upload. */
  readonly device: DeviceId;
  /** A complete upload is an attachment of its conversation, which others may have read. */
  readonly state: "uploading" | "complete";
  /** The upload's conversation, and who its members are now. */
  readonly conversationState: "open" | "closed";
  readonly members: readonly UserId[];
}

interface UploadSubject extends UploadFacts {
  readonly kind: "upload";
}
type UploadTuple = [UploadAction, "upload" | UploadSubject];
type UploadRule = RawRuleFrom<[UploadAction, "upload"], MongoQuery>;

const rule = (
  action: UploadAction | UploadAction[],
  reason: string,
  conditions: MongoQuery,
): UploadRule => ({ action, subject: "upload", reason, conditions });

function uploadRules({ tenant, user, role, device }: Actor): UploadRule[] {
  if (device === undefined) return [];
  const own = { tenant, device };
  // The device of an unfinished upload may always discard it, because no other device has seen it.
  const rules = [rule("terminate", "own_unfinished_upload", { ...own, state: "uploading" })];
  if (role !== "customer" && !conversingRoles.includes(role)) return rules;
  return [
    ...rules,
    rule(["continue", "share"], "own_upload", own),
    rule("terminate", "own_upload", { ...own, conversationState: "open", members: user }),
  ];
}

/** Decides whether `actor` may do `action` to the upload that `facts` describe. Denies by default. Pure. */
export function decideUpload(actor: Actor, action: UploadAction, facts: UploadFacts): Decision {
  const ability = createMongoAbility<MongoAbility<UploadTuple>>(uploadRules(actor), {
    detectSubjectType: () => "upload",
  });
  const granted = ability.relevantRuleFor(action, { ...facts, kind: "upload" });
  return granted === null ? deny(...whyNot(actor, facts)) : allow(granted.reason ?? "granted");
}

/** Lists what prevents the action, for the audit log. */
function whyNot(actor: Actor, facts: UploadFacts): string[] {
  if (facts.tenant !== actor.tenant) return ["foreign_tenant"];
  if (facts.device !== actor.device) return ["foreign_device"];
  const reasons: string[] = [];
  if (!facts.members.includes(actor.user)) reasons.push("not_a_member");
  if (facts.conversationState === "closed") reasons.push("conversation_closed");
  return [...reasons, `role_${actor.role}`];
}
