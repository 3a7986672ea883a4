import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { BreakGlass } from "../../crypto/wire/receipt.ts";
import type { Client } from "../../db/pool.ts";
import { auditDone } from "../../identity/audited.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { ofConversation } from "../conversation-act.ts";
import { invalidRecord } from "../receipts/receipts.ts";

const RUNNING = `
  select id as request, granted_until_ms as "untilMs" from break_glass
  where conversation = $1 and requester = $2 and ended_at_ms is null
    and granted_until_ms > sealdesk.database_now_ms()
  order by granted_until_ms desc limit 1`;

/**
 * Returns the access in an emergency with which the actor joins, if the decision rests on one. What the actor's device
 * signed must say it, because the other members' devices believe the signature only.
 * @param signed what the receipt says
 * @throws MessagingError invalid_record
 */
export async function breakGlassOf(
  client: Client,
  conversation: ConversationId,
  decision: Decision,
  signed: BreakGlass | undefined,
  { user }: Actor,
): Promise<BreakGlass | undefined> {
  if (!decision.reasons.includes("break_glass")) {
    if (signed !== undefined)
      throw invalidRecord("You may join without break-glass, so the receipt must not name one.");
    return undefined;
  }
  const { rows } = await client.query<BreakGlass>(RUNNING, [conversation, user]);
  const [access] = rows;
  if (
    access === undefined ||
    access.request !== signed?.request ||
    access.untilMs !== signed.untilMs
  )
    throw invalidRecord("The receipt must name the access in an emergency, and when it ends.");
  return access;
}

/**
 * Writes the entry that the access is used, beside that of the member. Its subject is the customer, whose data it
 * discloses.
 * @param nowMs milliseconds since the Unix epoch
 */
export const recordUse = async (
  client: Client,
  actor: Actor,
  used: {
    readonly conversation: ConversationId;
    readonly customer: UserId;
    readonly access: BreakGlass;
  },
  nowMs: number,
): Promise<void> => {
  const { conversation, customer: subject, access } = used;
  const details = { request: access.request, untilMs: access.untilMs };
  const resource = ofConversation(conversation);
  await auditDone(client, actor, { action: "break_glass.use", resource, subject, details }, nowMs);
};
