import { toHex } from "../../crypto/wire/bytes.ts";
import type { Packet, SignedReceipt } from "../../crypto/wire/frame.ts";
import type { UserId, ConversationId, GrantId, ConsentId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { auditDone, auditRefusals } from "../../identity/audited.ts";
import type { ConversationAct } from "../conversation-act.ts";
import { appendControl } from "../log/append-control.ts";
import type { ConversationHead } from "../log/head.ts";
import { MessagingError } from "../messaging-error.ts";
import { notFound, type LogPosition, type MessagingDeps } from "../members/facts.ts";
import { assertMayStore } from "../storage/assert-may-store.ts";
import { packetKey, packetsUnder } from "./packet-key.ts";
import { receiptDigest, assertReceiptSignature } from "../receipts/receipts.ts";

/** The facts about one kind of receipt that `appendReceipt` needs. */
export interface ReceiptWork {
  readonly act: ConversationAct<"history.grant" | "consent.given" | "consent.withdrawn">;
  readonly conversation: ConversationId;
  readonly kind: "history_granted" | "consent_changed";
  readonly table: "history_grants" | "consents";
  readonly id: GrantId | ConsentId;
  readonly signed: SignedReceipt;
  readonly subject: UserId;
  readonly packets?: readonly Packet[];
  /** Returns the decision, or throws if the receipt is not accepted. */
  decide(client: Client, head: ConversationHead): Promise<Decision>;
  /**
   * Stores the rows that belong to the event.
   * @param place.entry the id of the audit entry
   */
  store(client: Client, place: { readonly seq: number; readonly entry: number }): Promise<void>;
}

/**
 * Appends a signed receipt to the log. The decision, rows, event and audit entry commit in one
 * transaction. If the same receipt is sent again, the first answer is returned, so a client that
 * lost the answer can repeat its request.
 * @throws MessagingError conversation_not_found, no_device, not_a_member, invalid_signature, record_exists,
 *   stale_record, key_destroyed, quota_exceeded, and what `work` throws
 */
export function appendReceipt(
  deps: MessagingDeps,
  actor: Actor,
  work: ReceiptWork,
): Promise<LogPosition> {
  const { act, conversation, signed } = work;
  return auditRefusals(deps, actor, act, async () => {
    const { device } = actor;
    if (device === undefined)
      throw new MessagingError("no_device", "Register this device before it signs receipts.");
    const key = await packetKey(deps, actor, work);
    return deps.log.change(actor.tenant, conversation, async (client, head) => {
      if (head === undefined) throw notFound();
      const nowMs = deps.now();
      await assertReceiptSignature(client, device, signed);
      // This comes before the decision. A repeated receipt gets its first answer even if it would
      // no longer be allowed.
      const known = await placeOfKnown(client, work, head);
      if (known !== undefined) return { events: [], answer: known };
      const decision = await work.decide(client, head);
      // It is always possible to withdraw a consent.
      if (act.action !== "consent.withdrawn") await assertMayStore(client, actor, nowMs);
      const event = await appendControl(
        client,
        head,
        {
          conversation,
          kind: work.kind,
          actor: actor.user,
          senderDevice: device,
          subject: work.subject,
          epoch: head.epoch,
          receipt: signed,
          packets: packetsUnder(key, work.packets),
        },
        nowMs,
      );
      const details = {
        ...act.details,
        seq: event.seq,
        transcriptHash: toHex(event.transcriptHash),
      };
      const entry = await auditDone(client, actor, { ...act, details, decision }, nowMs);
      await work.store(client, { seq: event.seq, entry });
      return { events: [event], answer: { epoch: head.epoch, seq: event.seq } };
    });
  });
}

interface StoredReceipt {
  readonly conversation: ConversationId;
  readonly seq: number;
  readonly receipt_digest: Buffer;
}

/**
 * Returns the position of this receipt, if it is already in the log.
 * @throws MessagingError record_exists
 */
async function placeOfKnown(
  client: Client,
  { table, id, signed, conversation }: ReceiptWork,
  { epoch }: ConversationHead,
): Promise<LogPosition | undefined> {
  const { rows } = await client.query<StoredReceipt>(
    `select conversation, seq, receipt_digest from ${table} where id = $1`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  if (row.conversation === conversation && receiptDigest(signed).equals(row.receipt_digest))
    return { epoch, seq: row.seq };
  throw new MessagingError("record_exists", "Another receipt has this id.");
}
