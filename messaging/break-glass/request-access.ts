import { toHex } from "../../crypto/wire/bytes.ts";
import type { ConversationId, NewId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { hashOfParameters, requestApproval } from "../../identity/approvals/request-approval.ts";
import { assertPurpose } from "../../identity/assert-purpose.ts";
import { assertAllowedOnDevice, audited, type UseCase } from "../../identity/audited.ts";
import { decideConversation } from "../../policies/abilities.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideBreakGlass } from "../../policies/break-glass.ts";
import { approversNeeded } from "../../policies/versions/demands.ts";
import { conversationFacts } from "../members/facts.ts";
import { MessagingError } from "../messaging-error.ts";
import { ofConversation } from "../conversation-act.ts";

/** How long a request waits for its approvers, in milliseconds. */
const ACCESS_REQUEST_MS = 4 * 3_600_000;

/** The number of requests of one account that may wait at the same time. */
const MOST_REQUESTS = 5;

/** The name of the act that the approvers let happen. */
export const BREAK_GLASS = "break_glass.approve";

/** A request that waits for its approvers. */
export interface RequestedAccess {
  readonly id: Uuid;
  /** SHA-256 of what was asked for. Whoever approves names it. */
  readonly hash: Uint8Array;
  /** When nobody may approve it any more, in milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/**
 * Asks for access to a conversation in an emergency. Nothing is granted until two other people approve it.
 * @param asked.reason why, for those who approve and review: one line of at most 300 characters
 * @param asked.minutes 1 to 60
 * @throws MessagingError conversation_not_found, access_not_needed, too_many_requests; IdentityError forbidden,
 *   device_required, purpose_required
 */
export function requestAccess(
  deps: UseCase & { readonly newId: NewId },
  actor: Actor,
  asked: {
    readonly conversation: ConversationId;
    readonly reason: string;
    readonly minutes: number;
  },
): Promise<RequestedAccess> {
  const { conversation, reason, minutes } = asked;
  const { tenant, user, role } = actor;
  const id = deps.newId<Uuid>();
  const details = { request: id, minutes };
  const resource = ofConversation(conversation);
  const act = { action: "break_glass.request", resource, details } as const;
  return audited(deps, actor, act, async (client, note) => {
    const facts = await conversationFacts(client, conversation);
    const subject = { user, role };
    const joining = decideConversation(actor, "add_member", { ...facts, brokenGlass: [], subject });
    const decision = decideBreakGlass(actor, "request", {
      tenant,
      requester: user,
      state: facts.state,
      isMember: facts.members.includes(user),
      mayJoin: joining.allowed,
    });
    if (decision.reasons.includes("may_join") || decision.reasons.includes("is_member"))
      throw new MessagingError(
        "access_not_needed",
        "You are a member of this conversation, or you may join it without an approval.",
        { reasons: decision.reasons },
      );
    assertAllowedOnDevice(decision);
    assertPurpose(actor, "break_glass");
    const nowMs = deps.now();
    const { rows } = await client.query<{ waiting: number }>(
      `select count(*)::integer as waiting from approvals
       where action = $1 and requester = $2 and executed_at_ms is null and withdrawn_at_ms is null
         and refused_at_ms is null and expires_at_ms > $3`,
      [BREAK_GLASS, user, nowMs],
    );
    if ((rows[0]?.waiting ?? 0) >= MOST_REQUESTS)
      throw new MessagingError(
        "too_many_requests",
        `${MOST_REQUESTS} of your requests wait for approvers. Withdraw one first.`,
      );
    const parameters = { conversation, requester: user, minutes };
    const needed = approversNeeded(actor.policy, "break_glass", "request");
    const approval = {
      id,
      action: BREAK_GLASS,
      parameters,
      reason,
      needed,
      withinMs: ACCESS_REQUEST_MS,
    };
    const expiresAtMs = await requestApproval(client, { actor }, approval, nowMs);
    await client.query(
      "insert into break_glass (tenant, id, conversation, requester, minutes) values ($1, $2, $3, $4, $5)",
      [tenant, id, conversation, user, minutes],
    );
    const hash = hashOfParameters(BREAK_GLASS, parameters);
    note({ decision, details: { ...details, hash: toHex(hash), needed } });
    return { id, hash, expiresAtMs };
  });
}
