import { toHex } from "../../crypto/wire/bytes.ts";
import type { SignedReceipt } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { UserId, ConversationId } from "../../crypto/wire/ids.ts";
import {
  staffToleranceMs,
  type SignedStaffCertificate,
} from "../../crypto/wire/staff-certificate.ts";
import type { MembershipReceipt } from "../../crypto/wire/receipt.ts";
import { decideConversation } from "../../policies/abilities.ts";
import type { Actor, Role } from "../../policies/actor.ts";
import type { Client } from "../../db/pool.ts";
import { actingCertificate } from "../../identity/authority/acting-certificate.ts";
import { assertAllowed, auditDone, auditRefusals } from "../../identity/audited.ts";
import { type ConversationAct, ofConversation } from "../conversation-act.ts";
import { appendControl } from "../log/append-control.ts";
import type { ConversationHead } from "../log/head.ts";
import { MessagingError } from "../messaging-error.ts";
import {
  assertOwn,
  assertReceiptSignature,
  invalidRecord,
  parseReceipt,
} from "../receipts/receipts.ts";
import { breakGlassOf, recordUse } from "../break-glass/joining-access.ts";
import { assertRoom } from "./assert-room.ts";
import { assertMayStore } from "../storage/assert-may-store.ts";
import { creationRecord } from "./creation-record.ts";
import {
  conversationFacts,
  enrolMembers,
  membershipFacts,
  notFound,
  type LogPosition,
  type MessagingDeps,
} from "./facts.ts";

/** An act on a conversation, signed by the device that acts. */
export interface SignedAct {
  readonly conversation: ConversationId;
  readonly signed: SignedReceipt;
}

/**
 * Makes the receipt's subject a member from now on, in a new epoch and without access to the past.
 * @throws MessagingError invalid_record, invalid_signature, stale_record, conversation_not_found,
 *   member_not_found, already_a_member, forbidden, no_device, not_a_member, too_many_conversations,
 *   too_many_members, quota_exceeded, staff_not_certified, consent_required
 */
export function addMember(
  deps: MessagingDeps,
  actor: Actor,
  input: SignedAct,
): Promise<LogPosition> {
  return changeMembership(deps, actor, "add_member", input);
}

/**
 * Ends the membership of the receipt's subject. The event of the removal is the last that the user's
 * devices receive.
 * @throws MessagingError invalid_record, invalid_signature, stale_record, conversation_not_found,
 *   member_not_found, forbidden, no_device, not_a_member, staff_not_certified
 */
export function removeMember(
  deps: MessagingDeps,
  actor: Actor,
  input: SignedAct,
): Promise<LogPosition> {
  return changeMembership(deps, actor, "remove_member", input);
}

/**
 * Closes a conversation to further messages. Its members keep what they have.
 * @throws MessagingError invalid_record, invalid_signature, stale_record, conversation_not_found,
 *   conversation_closed, forbidden, no_device, not_a_member
 */
export function closeConversation(
  deps: MessagingDeps,
  actor: Actor,
  input: SignedAct,
): Promise<LogPosition> {
  const { conversation } = input;
  return change(deps, actor, "close", input, async (client) => {
    const facts = await conversationFacts(client, conversation);
    const decision = decideConversation(actor, "close", facts);
    assertAllowed(decision);
    await client.query("update conversations set state = 'closed' where id = $1", [conversation]);
    await client.query("update members set open = false where conversation = $1 and open", [
      conversation,
    ]);
    return { decision, epochStep: 0 };
  });
}

function changeMembership(
  deps: MessagingDeps,
  actor: Actor,
  action: "add_member" | "remove_member",
  input: SignedAct,
): Promise<LogPosition> {
  const { conversation } = input;
  return change(
    deps,
    actor,
    action,
    input,
    async (client, head, nowMs, { subject: user, ...said }) => {
      const facts = await membershipFacts(client, conversation, user);
      const { subject } = facts;
      const decision = decideConversation(actor, action, facts);
      // An actor without permission does not learn whether the user exists or is a member.
      assertAllowed(decision);
      if (subject === undefined)
        throw new MessagingError("member_not_found", "There is no such user.");
      // Whose access in an emergency is over stays in the list until they leave or a supervisor removes them.
      const isMember = [...facts.members, ...(facts.lapsed ?? [])].includes(user);
      if (action === "add_member") {
        if (isMember) throw new MessagingError("already_a_member", "The user is already a member.");
        await assertMayStore(client, actor, nowMs);
        await assertRoom(client, deps.openConversations, {
          conversation,
          creator: undefined,
          users: [user],
        });
        const into = { tenant: actor.tenant, conversation, seq: head.seq + 1 };
        const breakGlass = await breakGlassOf(
          client,
          conversation,
          decision,
          said.breakGlass,
          actor,
        );
        await enrolMembers(client, into, [subject], breakGlass?.request);
        if (breakGlass !== undefined)
          await recordUse(
            client,
            actor,
            { conversation, customer: facts.createdBy, access: breakGlass },
            nowMs,
          );
        return { decision, epochStep: 1, role: subject.role, breakGlass: breakGlass?.request };
      } else {
        if (!isMember) throw new MessagingError("member_not_found", "The user is not a member.");
        await endMembership(client, conversation, user, head.seq + 1);
      }
      return { decision, epochStep: 1 };
    },
  );
}

interface Decided {
  readonly decision: ReturnType<typeof decideConversation>;
  readonly epochStep: 0 | 1;
  /** The role of whom the act adds. */
  readonly role?: Role | undefined;
  /** The access in an emergency with which the actor joins. */
  readonly breakGlass?: Uuid | undefined;
}

/** Runs the decision, the change of state, the event and the audit entry in one transaction. */
function change(
  deps: MessagingDeps,
  actor: Actor,
  action: Action,
  { conversation, signed }: SignedAct,
  decideAndApply: (
    client: Client,
    head: ConversationHead,
    nowMs: number,
    receipt: Pick<MembershipReceipt, "subject" | "breakGlass">,
  ) => Promise<Decided>,
): Promise<LogPosition> {
  const { subject, ...receipt } = receiptOf(action, actor, conversation, signed);
  const act = actOf(action, conversation, action === "close" ? undefined : subject);
  return auditRefusals(deps, actor, act, () => {
    const { device } = actor;
    // A stolen password alone must not change who can read along.
    if (device === undefined)
      throw new MessagingError("no_device", "Register this device before changing a conversation.");
    return deps.log.change(actor.tenant, conversation, async (client, head) => {
      if (head === undefined) throw notFound();
      const nowMs = deps.now();
      const applied = await decideAndApply(client, head, nowMs, { subject, ...receipt });
      const { decision, epochStep, role, breakGlass } = applied;
      assertOwn(actor, { subject, ...receipt });
      await assertReceiptSignature(client, device, signed);
      const staffCertificate = await certificateFor(client, { subject, ...receipt }, head, nowMs);
      const { kind } = receipt;
      const epoch = head.epoch + epochStep;
      const event = await appendControl(
        client,
        head,
        {
          conversation,
          kind,
          actor: actor.user,
          senderDevice: device,
          subject,
          epoch,
          creation:
            kind === "member_added" ? await creationRecord(client, conversation) : undefined,
          receipt: signed,
          staffCertificate,
        },
        nowMs,
      );
      const transcriptHash = toHex(event.transcriptHash);
      const details = { seq: event.seq, epoch, transcriptHash, role, breakGlass };
      await auditDone(client, actor, { ...act, details, decision }, nowMs);
      return { events: [event], answer: { epoch, seq: event.seq } };
    });
  });
}

/**
 * Returns the certificate of the actor that the event of a change of the members brings. Devices would
 * refuse the event without one for good, so the act has to wait. Everybody may leave without one.
 * @throws MessagingError staff_not_certified; invalid_record: the device's clock is wrong, or the time of the
 *   last event is
 */
async function certificateFor(
  client: Client,
  { kind, actor, subject, atMs }: MembershipReceipt,
  { receivedAtMs }: Pick<ConversationHead, "receivedAtMs">,
  nowMs: number,
): Promise<SignedStaffCertificate | undefined> {
  if (kind === "closed" || (kind === "member_removed" && actor === subject)) return undefined;
  if (Math.abs(atMs - nowMs) > staffToleranceMs)
    throw invalidRecord(
      "The receipt's time is more than a day from the server's. Set the clock of this device.",
    );
  if (atMs < receivedAtMs - staffToleranceMs)
    throw invalidRecord(
      "The receipt's time is more than a day before the conversation's last event. Set the clock of this " +
        "device. If it is right, the server's clock was wrong when it received that event.",
    );
  const certificate = await actingCertificate(client, actor, atMs);
  if (certificate === undefined)
    throw new MessagingError(
      "staff_not_certified",
      "The tenant's authority does not certify your role yet. Ask again in a minute.",
    );
  return certificate;
}

/** @throws MessagingError invalid_record */
function receiptOf(
  action: Action,
  actor: Actor,
  conversation: ConversationId,
  signed: SignedReceipt,
): MembershipReceipt {
  const receipt = parseReceipt(actor, conversation, "membership", signed);
  if (receipt.kind !== kinds[action]) throw invalidRecord("The receipt is of another act.");
  return receipt;
}

type Action = keyof typeof auditActions;
const kinds = {
  add_member: "member_added",
  remove_member: "member_removed",
  close: "closed",
} as const;
const auditActions = {
  add_member: "conversation.add_member",
  remove_member: "conversation.remove_member",
  close: "conversation.close",
} as const;
type MembershipAct = ConversationAct<(typeof auditActions)[keyof typeof auditActions]>;

const actOf = (action: Action, conversation: ConversationId, subject?: UserId): MembershipAct => ({
  action: auditActions[action],
  resource: ofConversation(conversation),
  subject,
});

async function endMembership(
  client: Client,
  conversation: ConversationId,
  user: UserId,
  seq: number,
): Promise<void> {
  for (const table of ["members", "member_devices"])
    await client.query(
      `update ${table} set until_seq = $3
       where conversation = $1 and user_id = $2 and until_seq is null`,
      [conversation, user, seq],
    );
}
