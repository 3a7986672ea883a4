import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Packet, SignedReceipt } from "../../crypto/wire/frame.ts";
import type { HistoryGrant } from "../../crypto/wire/receipt.ts";
import type {
  UserId,
  DeviceId,
  ConversationId,
  AttachmentId,
  ConsentId,
} from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { decideConversation, type GrantFacts } from "../../policies/abilities.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideUpload } from "../../policies/uploads.ts";
import { assertAllowed } from "../../identity/audited.ts";
import { ofConversation } from "../conversation-act.ts";
import { assertUpload } from "../attachments/own-upload.ts";
import { attachmentNotFound } from "../attachments/upload-row.ts";
import { conversationFacts, type LogPosition, type MessagingDeps } from "../members/facts.ts";
import { MessagingError } from "../messaging-error.ts";
import { decidingConsent, isConsentRequired } from "../consents/consent-in-force.ts";
import { appendReceipt } from "./append-receipt.ts";
import { assertOwn, invalidRecord, parseReceipt, receiptDigest } from "../receipts/receipts.ts";

/**
 * Appends a history grant to the log, where every member sees it. Only the recipient's devices
 * receive the keys of its packs. The server does not see the content. The recipient's devices check
 * that the packs match the log.
 * @throws MessagingError invalid_record, invalid_signature, record_exists, conversation_not_found,
 *   forbidden, no_device, not_a_member, device_mismatch, attachment_not_found, stale_record, contended,
 *   key_destroyed
 */
export async function grantHistory(
  deps: MessagingDeps,
  actor: Actor,
  input: {
    readonly conversation: ConversationId;
    readonly signed: SignedReceipt;
    readonly packets: readonly Packet[];
  },
): Promise<LogPosition> {
  const { conversation, signed, packets } = input;
  const grant = parseReceipt(actor, conversation, "history_grant", signed);
  const { id, recipient, fromSeq, toSeq, purpose, consent } = grant;
  return appendReceipt(deps, actor, {
    act: {
      action: "history.grant",
      resource: ofConversation(conversation),
      subject: recipient,
      details: { grant: id, fromSeq, toSeq, purpose, consent },
    },
    conversation,
    kind: "history_granted",
    table: "history_grants",
    id,
    signed,
    subject: recipient,
    packets,
    async decide(client, head) {
      const facts = await conversationFacts(client, conversation);
      const shown = await grantFacts(client, actor, grant, facts.members, head.seq);
      const decision = decideConversation(actor, "grant_history", { ...facts, grant: shown });
      assertAllowed(decision);
      assertOwn(actor, grant);
      await assertDevices(client, grant, packets);
      await assertHashes(client, grant);
      await assertPacks(client, actor, grant);
      return decision;
    },
    async store(client, { seq }) {
      await client.query(
        `insert into history_grants (id, tenant, conversation, grantor, recipient, devices,
           from_seq, to_seq, seq, receipt_digest)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [
          id,
          actor.tenant,
          conversation,
          actor.user,
          recipient,
          grant.recipientDevices,
          fromSeq,
          toSeq,
          seq,
          receiptDigest(signed),
        ],
      );
      await client.query(
        `insert into history_packs (attachment, tenant, history_grant)
         select unnest($1::uuid[]), $2, $3`,
        [grant.packs.map(({ attachment }) => attachment), actor.tenant, id],
      );
    },
  });
}

interface GrantFactsRow {
  readonly staffMay: boolean;
  readonly covered: boolean;
}

async function grantFacts(
  client: Client,
  actor: Actor,
  grant: HistoryGrant,
  members: readonly UserId[],
  head: number,
): Promise<GrantFacts> {
  const { conversation, recipient, fromSeq, toSeq, consent } = grant;
  const { rows } = await client.query<GrantFactsRow>(
    `select t.staff_history_grants as "staffMay",
       exists (select from members where conversation = $2 and user_id = $3
         and from_seq <= $4 and (until_seq is null or until_seq >= $5)) as covered
     from tenants t where t.id = $1`,
    [actor.tenant, conversation, actor.user, fromSeq, toSeq],
  );
  const [row] = rows;
  return {
    recipient,
    recipientIsMember: members.includes(recipient),
    covered: row?.covered === true && toSeq <= head,
    staffMay: row?.staffMay === true,
    consented: await isConsented(client, conversation, consent),
  };
}

/**
 * Returns whether `consent` is the record by which the conversation's customer, who is a member, consents to it now.
 * If the tenant demands no consent for it, none is needed, and one that is named must still be that record.
 */
async function isConsented(
  client: Client,
  conversation: ConversationId,
  consent: ConsentId | undefined,
): Promise<boolean> {
  if (consent === undefined) return !(await isConsentRequired(client, "history_sharing"));
  const { rows } = await client.query<{ user: UserId }>(
    `select v.created_by as "user" from conversations v
     join members m on m.conversation = v.id and m.user_id = v.created_by and m.until_seq is null
     where v.id = $1`,
    [conversation],
  );
  const [customer] = rows;
  if (customer === undefined) return false;
  const deciding = await decidingConsent(client, customer.user, "history_sharing", conversation);
  return deciding?.inForce === true && deciding.id === consent;
}

/**
 * Checks that each named device belongs to the recipient, is a member's device now, and receives
 * one packet.
 */
async function assertDevices(
  client: Client,
  { conversation, recipient, recipientDevices, grantorDevice }: HistoryGrant,
  packets: readonly Packet[],
): Promise<void> {
  const { rowCount } = await client.query(
    `select from member_devices
     where conversation = $1 and user_id = $2 and until_seq is null and device = any($3::uuid[])`,
    [conversation, recipient, recipientDevices],
  );
  const given = packets.map(({ device }) => device).toSorted();
  const isFor =
    given.length === recipientDevices.length &&
    given.every((device, index) => device === recipientDevices[index]);
  if (rowCount !== recipientDevices.length || !isFor || given.includes(grantorDevice))
    throw new MessagingError("device_mismatch", "The packets are not for the recipient's devices.");
}

/** Checks that the grantor saw the log that this server holds. */
async function assertHashes(
  client: Client,
  { conversation, fromSeq, toSeq, fromHash, toHash }: HistoryGrant,
): Promise<void> {
  const { rows } = await client.query<{ seq: number; transcript_hash: Uint8Array }>(
    `select seq, transcript_hash from events
     where conversation = $1 and seq in ($2, $3) and kind > 0`,
    [conversation, fromSeq, toSeq],
  );
  const hashes = new Map(rows.map((row) => [row.seq, row.transcript_hash]));
  for (const [seq, hash] of [
    [fromSeq, fromHash],
    [toSeq, toHash],
  ] as const) {
    const held = hashes.get(seq);
    if (held === undefined || !equalBytes(held, hash))
      throw invalidRecord("The range is not that of the conversation's log.");
  }
}

/**
 * Checks that the packs are complete uploads of this device and this conversation, with the bytes
 * that it signed.
 */
async function assertPacks(client: Client, actor: Actor, grant: HistoryGrant): Promise<void> {
  const named = new Set(grant.packs.map(({ attachment }) => attachment));
  if (named.size < grant.packs.length) throw invalidRecord("A pack is named twice.");
  const {
    tenant,
    state: conversationState,
    members,
  } = await conversationFacts(client, grant.conversation);
  const { rows } = await client.query<PackRow>(
    `select a.id, a.sha256, a.device, a.state from attachments a
     left join history_packs p on p.attachment = a.id
     where a.id = any($1::uuid[]) and a.conversation = $2 and a.state in ('uploading', 'complete')
       and (p.attachment is null or p.history_grant = $3)`,
    [[...named], grant.conversation, grant.id],
  );
  const uploads = new Map(rows.map((row) => [row.id, row]));
  for (const { attachment, digest } of grant.packs) {
    const row = uploads.get(attachment);
    if (row === undefined) throw attachmentNotFound();
    const { device, state, sha256 } = row;
    const facts = { tenant, device, state, members, conversationState, isPreserved: false };
    assertUpload(decideUpload(actor, "share", facts));
    if (sha256 === null) throw attachmentNotFound();
    if (!equalBytes(sha256, digest)) throw invalidRecord("A pack is not the one uploaded.");
  }
}

interface PackRow {
  readonly id: AttachmentId;
  /** Null until the upload is complete. */
  readonly sha256: Uint8Array | null;
  readonly device: DeviceId;
  readonly state: "uploading" | "complete";
}
