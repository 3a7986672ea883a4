import { toHex } from "../../crypto/wire/bytes.ts";
import type { SignedReceipt } from "../../crypto/wire/frame.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import {
  assertAllowed,
  assertAllowedOnDevice,
  auditDone,
  auditRefusals,
} from "../../identity/audited.ts";
import { decideConversation } from "../../policies/abilities.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideConsent } from "../../policies/consents.ts";
import { ofConversation } from "../conversation-act.ts";
import { appendReceipt } from "../history/append-receipt.ts";
import { conversationFacts, type MessagingDeps } from "../members/facts.ts";
import { MessagingError } from "../messaging-error.ts";
import type { SignedText } from "../notices/record-view.ts";
import { assertOwn, invalidRecord, parseReceipt, receiptDigest } from "../receipts/receipts.ts";
import {
  assertContinues,
  assertPlaces,
  changeBy,
  openConsent,
  type OpenedConsent,
} from "./open-record.ts";

/** Where a record stands. */
export interface RecordedConsent {
  /** Its number in the chain of the account. */
  readonly number: number;
  /** The event that places it in its conversation; undefined for one about the whole account. */
  readonly seq: number | undefined;
}

/**
 * Records what a customer consents to, or withdraws: for the whole account, or in one conversation, where every
 * member sees the event. If the same record is sent again, the first answer is returned.
 * @param input.placed the receipt of the event, for a record about a conversation
 * @throws MessagingError invalid_record, invalid_signature, record_exists, stale_record, stale_consents, notice_not_found,
 *   notice_superseded, conversation_not_found, no_device, not_a_member, contended; IdentityError forbidden,
 *   device_required
 */
export async function recordConsent(
  deps: MessagingDeps,
  actor: Actor,
  input: { readonly signed: SignedText; readonly placed?: SignedReceipt | undefined },
): Promise<RecordedConsent> {
  const opened = openConsent(actor, input.signed);
  const { conversation, previous } = opened.record;
  const number = previous.number + 1;
  if (conversation === undefined) {
    if (input.placed !== undefined)
      throw invalidRecord("A record about the whole account has no place in a conversation.");
    await recordForAccount(deps, actor, opened);
    return { number, seq: undefined };
  }
  if (input.placed === undefined)
    throw invalidRecord("A record about a conversation needs the receipt of its event.");
  const seq = await recordInConversation(deps, actor, {
    opened,
    conversation,
    placed: input.placed,
  });
  return { number, seq };
}

const actOf = ({ record, digest }: OpenedConsent) =>
  ({
    action: record.state === "given" ? "consent.given" : "consent.withdrawn",
    subject: record.user,
    details: { consent: record.id, purpose: record.purpose, record: toHex(digest) },
  }) as const;

async function recordForAccount(
  deps: MessagingDeps,
  actor: Actor,
  opened: OpenedConsent,
): Promise<void> {
  const { tenant, user } = actor;
  const act = { ...actOf(opened), resource: { type: "user", id: user } } as const;
  await auditRefusals(deps, actor, act, () =>
    inTransaction(deps.pool, tenant, async (client) => {
      if (await isKnown(client, opened)) return;
      await assertContinues(client, opened);
      const change = await changeBy(client, opened.record);
      const decision = decideConsent(actor, "change", { tenant, user, change });
      assertAllowedOnDevice(decision);
      const entry = await auditDone(client, actor, { ...act, decision }, deps.now());
      await store(client, opened, { entry });
    }),
  );
}

/** @throws MessagingError record_exists: another record has the id */
async function isKnown(client: Client, { record, digest }: OpenedConsent): Promise<boolean> {
  const { rows } = await client.query<{ isSame: boolean }>(
    'select digest = $2 as "isSame" from consents where id = $1',
    [record.id, digest],
  );
  const [known] = rows;
  if (known?.isSame === false)
    throw new MessagingError("record_exists", "Another record has this id.");
  return known !== undefined;
}

async function recordInConversation(
  deps: MessagingDeps,
  actor: Actor,
  work: {
    readonly opened: OpenedConsent;
    readonly conversation: ConversationId;
    readonly placed: SignedReceipt;
  },
): Promise<number> {
  const { opened, conversation, placed } = work;
  const receipt = parseReceipt(actor, conversation, "consent", placed);
  assertPlaces(receipt, opened);
  const { seq } = await appendReceipt(deps, actor, {
    act: { ...actOf(opened), resource: ofConversation(conversation) },
    conversation,
    kind: "consent_changed",
    table: "consents",
    id: opened.record.id,
    signed: placed,
    subject: actor.user,
    async decide(client) {
      const facts = await conversationFacts(client, conversation);
      await assertContinues(client, opened);
      const consent = await changeBy(client, opened.record);
      const decision = decideConversation(actor, "change_consent", { ...facts, consent });
      assertAllowed(decision);
      assertOwn(actor, receipt);
      return decision;
    },
    store: (client, { seq: at, entry }) =>
      store(client, opened, { entry, seq: at, receiptDigest: receiptDigest(placed) }),
  });
  return seq;
}

interface Place {
  /** The id of the audit entry. */
  readonly entry: number;
  readonly seq?: number;
  readonly receiptDigest?: Uint8Array;
}

const INSERT = `
  insert into consents (tenant, id, user_id, number, conversation, purpose, state, expires_at_ms, notice_version,
    notice_language, device, record, signature, digest, received_at_ms, seq, receipt_digest, entry)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, sealdesk.database_now_ms(), $15, $16, $17)`;

async function store(client: Client, opened: OpenedConsent, place: Place): Promise<void> {
  const { record, text, signature, digest } = opened;
  const given = record.state === "given" ? record : undefined;
  await client.query(INSERT, [
    record.tenant,
    record.id,
    record.user,
    record.previous.number + 1,
    record.conversation ?? null,
    record.purpose,
    record.state,
    given?.expiresAtMs ?? null,
    given?.notice.version ?? null,
    given?.notice.language ?? null,
    record.device,
    text,
    signature,
    digest,
    place.seq ?? null,
    place.receiptDigest ?? null,
    place.entry,
  ]);
}
