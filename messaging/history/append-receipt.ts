import { toHex } from "../../crypto/wire/bytes.ts";
import type { Packet, SignedReceipt } from "../../crypto/wire/frame.ts";
import type { CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { auditDone, auditRefusals, type ConversationAct } from "../actor-audit.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { SealingKey } from "../../keys/at-rest/envelope.ts";
import { periodOf } from "../../keys/at-rest/scope.ts";
import { appendControl, type ControlChange } from "../log/append-control.ts";
import type { ConversationHead } from "../log/head.ts";
import { MessagingError } from "../messaging-error.ts";
import { notFound, type LogPosition, type MessagingDeps } from "../members/facts.ts";
import { receiptDigest, assertReceiptSignature } from "./receipts.ts";

const SUBJECT = `
  select created_by as subject from conversations c where id = $1 and exists (
    select from members where conversation = c.id and user_id = $2 and until_seq is null)`;

/** What one kind of receipt brings to `appendReceipt`. */
export interface ReceiptWork {
  readonly act: ConversationAct;
  readonly kind: "history_granted" | "consent_changed";
  readonly table: "history_grants" | "consents";
  readonly id: Uuid;
  readonly signed: SignedReceipt;
  readonly subject: Uuid;
  readonly packets?: readonly Packet[];
  /** Decides, and throws what stands against it. */
  decide(client: Client, head: ConversationHead): Promise<Decision>;
  /** Stores what the event `seq` says. */
  store(client: Client, seq: number): Promise<void>;
}

/**
 * Puts a signed receipt into the log: decision, rows, event and audit entry in one transaction. The
 * same receipt again gives the first answer, so that one whose answer was lost is repeated.
 * @throws MessagingError conversation_not_found, no_device, invalid_signature, record_exists,
 *   key_destroyed, and what `work` throws
 */
export function appendReceipt(
  deps: MessagingDeps,
  actor: Actor,
  work: ReceiptWork,
): Promise<LogPosition> {
  const { act, signed } = work;
  const { conversation } = act;
  return auditRefusals(deps, actor, act, async () => {
    const { device } = actor;
    if (device === undefined)
      throw new MessagingError("no_device", "Register this device before it signs receipts.");
    const key = await packetKey(deps, actor, work);
    return deps.log.change(actor.tenant, conversation, async (client, head) => {
      if (head === undefined) throw notFound();
      const now = deps.now();
      await assertReceiptSignature(client, device, signed);
      // Before anything is decided anew: whoever repeats itself is told what came of it, also when
      // it would not be allowed any more.
      const known = await placeOfKnown(client, work, head);
      if (known !== undefined) return { events: [], answer: known };
      const decision = await work.decide(client, head);
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
          packets: sealedUnder(key, work.packets),
        },
        now,
      );
      await work.store(client, event.seq);
      const details: Record<string, CanonicalValue> = {
        ...act.details,
        seq: event.seq,
        transcriptHash: toHex(event.transcriptHash),
      };
      await auditDone(client, actor, { ...act, details }, decision, now);
      return { events: [event], answer: { epoch: head.epoch, seq: event.seq } };
    });
  });
}

/**
 * What seals the packets, had before the transaction: a key service that is slow must keep no
 * connection. Only a member's request makes a key; any other is refused later.
 * @throws MessagingError key_destroyed
 */
async function packetKey(
  { pool, scopeKeys, now }: MessagingDeps,
  { tenant, user }: Actor,
  { act: { conversation }, packets = [] }: ReceiptWork,
): Promise<SealingKey | undefined> {
  if (packets.length === 0) return undefined;
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<{ subject: Uuid }>(SUBJECT, [conversation, user]),
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const scope = { conversation, subject: row.subject, author: user, period: periodOf(now()) };
  const [found] = await scopeKeys.forWriting(tenant, [scope]);
  if (found?.key === undefined)
    throw new MessagingError("key_destroyed", "What you wrote in this conversation is erased.");
  return found.key;
}

function sealedUnder(
  key: SealingKey | undefined,
  packets: readonly Packet[] = [],
): ControlChange["packets"] {
  if (packets.length === 0) return undefined;
  // The actor became a member between the two transactions.
  if (key === undefined)
    throw new MessagingError("contended", "The conversation is busy. Try again.");
  return { all: packets, key };
}

/** Where this receipt stands already. @throws MessagingError record_exists */
async function placeOfKnown(
  client: Client,
  { table, id, signed, act }: ReceiptWork,
  { epoch }: ConversationHead,
): Promise<LogPosition | undefined> {
  const { rows } = await client.query(
    `select conversation, seq, receipt_digest from ${table} where id = $1`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  if (row.conversation === act.conversation && receiptDigest(signed).equals(row.receipt_digest))
    return { epoch, seq: row.seq };
  throw new MessagingError("record_exists", "The receipt's id is taken by another.");
}
