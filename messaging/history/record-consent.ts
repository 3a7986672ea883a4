import type { SignedReceipt } from "../../crypto/wire/frame.ts";
import type { ConversationId, ConsentId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { decideConversation, type ConsentFacts } from "../../policies/abilities.ts";
import type { Actor } from "../../policies/actor.ts";
import { assertAllowed } from "../../identity/audited.ts";
import { ofConversation } from "../conversation-act.ts";
import { conversationFacts, type LogPosition, type MessagingDeps } from "../members/facts.ts";
import { appendReceipt } from "./append-receipt.ts";
import { assertOwn, parseReceipt, receiptDigest } from "../receipts/receipts.ts";

/**
 * Records whether the conversation's customer consents to staff showing earlier messages to
 * colleagues. Every member sees the event, which the customer's device signs. The latest consent
 * counts.
 * @throws MessagingError invalid_record, invalid_signature, record_exists, conversation_not_found,
 *   forbidden, no_device, not_a_member, stale_record, contended
 */
export async function recordConsent(
  deps: MessagingDeps,
  actor: Actor,
  input: { readonly conversation: ConversationId; readonly signed: SignedReceipt },
): Promise<LogPosition> {
  const { conversation, signed } = input;
  const consent = parseReceipt(actor, conversation, "consent", signed);
  const { id, state, purpose, user } = consent;
  return appendReceipt(deps, actor, {
    act: {
      action: state === "given" ? "consent.given" : "consent.withdrawn",
      resource: ofConversation(conversation),
      subject: actor.user,
      details: { consent: id, purpose },
    },
    conversation,
    kind: "consent_changed",
    table: "consents",
    id,
    signed,
    subject: actor.user,
    async decide(client) {
      const facts = await conversationFacts(client, conversation);
      const before = await consentBefore(client, conversation);
      const decision = decideConversation(actor, "change_consent", {
        ...facts,
        consent: { ...before, after: state },
      });
      assertAllowed(decision);
      assertOwn(actor, consent);
      return decision;
    },
    async store(client, seq) {
      await client.query(
        `insert into consents (id, tenant, conversation, user_id, purpose, state, seq, receipt_digest)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, actor.tenant, conversation, user, purpose, state, seq, receiptDigest(signed)],
      );
    },
  });
}

const BEFORE = `
  select
    (select state from consents where conversation = $1 order by seq desc limit 1) as before,
    (select count(*)::int from consents where conversation = $1 and state = 'given') as given`;

interface BeforeRow {
  /** Null if there is none. */
  readonly before: "given" | "withdrawn" | null;
  readonly given: number;
}

async function consentBefore(
  client: Client,
  conversation: ConversationId,
): Promise<Pick<ConsentFacts, "before" | "given">> {
  const { rows } = await client.query<BeforeRow>(BEFORE, [conversation]);
  const { before = null, given = 0 } = rows[0] ?? {};
  return { before: before ?? undefined, given };
}

interface ConsentRow {
  readonly id: ConsentId;
  readonly state: "given" | "withdrawn";
}

/**
 * Checks that `consent` is the latest one of the conversation's creator, that it is given, and that
 * the creator is still a member.
 */
export async function isConsented(
  client: Client,
  conversation: ConversationId,
  consent: ConsentId | undefined,
): Promise<boolean> {
  const { rows } = await client.query<ConsentRow>(
    `select c.id, c.state from consents c
     join conversations v on v.id = c.conversation and v.created_by = c.user_id
     join members m on m.conversation = c.conversation and m.user_id = c.user_id
       and m.until_seq is null
     where c.conversation = $1 and c.purpose = 'history_sharing'
     order by c.seq desc limit 1`,
    [conversation],
  );
  const [last] = rows;
  return last !== undefined && last.state === "given" && last.id === consent;
}
