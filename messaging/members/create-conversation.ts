import { zeroHash } from "../../crypto/wire/event.ts";
import type { SignedReceipt } from "../../crypto/wire/frame.ts";
import type { UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { usersOf } from "../../crypto/wire/membership.ts";
import { creationBytes } from "../../crypto/wire/signed-records.ts";
import type { SuiteName } from "../../crypto/wire/suites.ts";
import type { Client } from "../../db/pool.ts";
import { assertAllowed, auditDone, auditRefusals } from "../../identity/audited.ts";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import { decideConversation } from "../../policies/abilities.ts";
import { isArchiver, type Actor } from "../../policies/actor.ts";
import { decideUnderSanction, type Sanction } from "../../policies/sanctions.ts";
import { type ConversationAct, ofConversation } from "../conversation-act.ts";
import { appendControl } from "../log/append-control.ts";
import { MessagingError } from "../messaging-error.ts";
import {
  assertOwn,
  assertReceiptSignature,
  invalidRecord,
  parseReceipt,
} from "../receipts/receipts.ts";
import { mayArchiveIn } from "../consents/consent-in-force.ts";
import { assertMayStore } from "../storage/assert-may-store.ts";
import { assertRoom } from "./assert-room.ts";
import {
  conversationFacts,
  enrolMembers,
  subjectsOf,
  type LogPosition,
  type MessagingDeps,
} from "./facts.ts";

export interface NewConversation {
  /** Chosen by the creating device. */
  readonly id: ConversationId;
  readonly suite: SuiteName;
  /** The users besides the creator. */
  readonly members: readonly UserId[];
  /** The creating device's Ed25519 signature over `creationBytes`. */
  readonly creationSignature: Uint8Array;
  /** The receipt of the act, by the creating device. */
  readonly signed: SignedReceipt;
}

/**
 * Starts a conversation. Its log begins with the signed creation record. A repeat with the same id
 * gets the first answer.
 * @throws MessagingError forbidden, no_device, invalid_record, invalid_signature, stale_record,
 *   conversation_exists, too_many_conversations, too_many_members, quota_exceeded, consent_required,
 *   sanctioned
 */
export async function createConversation(
  deps: MessagingDeps,
  actor: Actor,
  input: NewConversation,
): Promise<LogPosition & { readonly id: ConversationId }> {
  const receipt = parseReceipt(actor, input.id, "membership", input.signed);
  if (receipt.kind !== "created") throw invalidRecord("The receipt is of another act.");
  const act = {
    action: "conversation.create" as const,
    resource: ofConversation(input.id),
    details: { suite: input.suite, members: [...input.members] },
  };
  const place = await auditRefusals(deps, actor, act, async () => {
    const { device } = actor;
    if (device === undefined)
      throw new MessagingError("no_device", "Register this device before starting a conversation.");
    return deps.log.change(actor.tenant, input.id, async (client, head) => {
      if (head !== undefined)
        return { events: [], answer: await firstAnswer(client, actor, input) };
      assertOwn(actor, receipt);
      return create(deps, client, actor, device, input, act);
    });
  });
  return { id: input.id, ...place };
}

async function create(
  deps: MessagingDeps,
  client: Client,
  actor: Actor,
  device: DeviceId,
  input: NewConversation,
  act: ConversationAct<"conversation.create">,
) {
  const nowMs = deps.now();
  const { decision, members, others } = await decideCreation(client, actor, actor.user, input);
  assertAllowed(decision);
  await assertMayBegin(client, actor.user, device);
  const { id: conversation, suite } = input;
  await assertCreationSignature(
    client,
    { tenant: actor.tenant, conversation, suite, device, users: members },
    input.creationSignature,
  );
  await assertReceiptSignature(client, device, input.signed);
  await assertRoom(client, deps.openConversations, {
    conversation: input.id,
    creator: actor.user,
    users: members,
  });
  await assertMayStore(client, actor, nowMs);
  const created = await client.query(
    `insert into conversations (id, tenant, suite, created_by, creation_device, creation_signature, created_at_ms)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`,
    [input.id, actor.tenant, input.suite, actor.user, device, input.creationSignature, nowMs],
  );
  if (created.rowCount === 0) throw exists();
  const into = { tenant: actor.tenant, conversation: input.id, seq: 1 };
  await enrolMembers(client, into, [{ user: actor.user, role: actor.role }, ...others]);
  const event = await appendControl(
    client,
    { tenant: actor.tenant, seq: 0, transcriptHash: zeroHash, receivedAtMs: nowMs },
    {
      conversation: input.id,
      kind: "created",
      actor: actor.user,
      senderDevice: device,
      subject: actor.user,
      epoch: 1,
      creation: {
        suite: input.suite,
        device,
        signature: input.creationSignature,
        creator: undefined,
        users: [...members],
      },
      receipt: input.signed,
    },
    nowMs,
  );
  const archivers = others.filter(({ role }) => isArchiver(role)).map(({ user }) => user);
  const details = { ...act.details, ...(archivers.length > 0 && { archivers }) };
  await auditDone(client, actor, { ...act, details, decision }, nowMs);
  return { events: [event], answer: { epoch: 1, seq: 1 } };
}

/** @throws MessagingError sanctioned */
async function assertMayBegin(client: Client, user: UserId, device: DeviceId): Promise<void> {
  const { rows } = await client.query<{ sanction: Sanction | null }>(
    "select sealdesk.sanction_on($1, $2) as sanction",
    [user, device],
  );
  const { allowed, reasons } = decideUnderSanction("create", rows[0]?.sanction ?? undefined);
  if (!allowed)
    throw new MessagingError(
      "sanctioned",
      "A moderator has banned this account. It may begin no conversation. You can appeal.",
      { reasons },
    );
}

async function decideCreation(
  client: Client,
  actor: Actor,
  createdBy: UserId,
  input: NewConversation,
  isRepeat = false,
) {
  const members = usersOf(actor.user, input.members);
  const others = await subjectsOf(
    client,
    members.filter((user) => user !== actor.user),
  );
  const addsArchiver = others.some(({ role }) => isArchiver(role));
  const mayArchive = isRepeat || (addsArchiver && (await mayArchiveIn(client, createdBy)));
  const facts = {
    tenant: actor.tenant,
    createdBy,
    members,
    state: "open",
    others,
    mayArchive,
  } as const;
  return { decision: decideConversation(actor, "create", facts), members, others };
}

/** @throws MessagingError conversation_exists, unless the actor repeats their own request */
async function firstAnswer(
  client: Client,
  actor: Actor,
  input: NewConversation,
): Promise<LogPosition> {
  const { createdBy } = await conversationFacts(client, input.id);
  // An archiver in it is a member already.
  const { decision } = await decideCreation(client, actor, createdBy, input, true);
  if (!decision.allowed) throw exists();
  return { epoch: 1, seq: 1 };
}

const exists = () =>
  new MessagingError("conversation_exists", "This conversation id is taken. Choose another.");

/**
 * Requires that the device that a creation record names has signed it.
 * @param signature Ed25519, over `creationBytes`
 * @throws MessagingError invalid_signature
 */
async function assertCreationSignature(
  client: Client,
  record: Parameters<typeof creationBytes>[0],
  signature: Uint8Array,
): Promise<void> {
  const { rows } = await client.query<{ device_key: Buffer }>(
    "select device_key from devices where id = $1",
    [record.device],
  );
  const key = rows[0]?.device_key ?? new Uint8Array(0);
  if (!verifyEd25519(key, creationBytes(record), signature))
    throw new MessagingError(
      "invalid_signature",
      "The creation record is not signed by this device.",
    );
}
