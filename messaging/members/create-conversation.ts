import { createPublicKey, verify } from "node:crypto";
import { toBase64Url } from "../../crypto/wire/bytes.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import { creationBytes } from "../../crypto/wire/signed-records.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { decideConversation } from "../../policies/abilities.ts";
import type { Actor } from "../../policies/actor.ts";
import { auditDone, auditRefusals, assertAllowed, type ConversationAct } from "../actor-audit.ts";
import { appendControl } from "../log/append-control.ts";
import { MessagingError } from "../messaging-error.ts";
import { assertMayStore } from "../storage/assert-may-store.ts";
import { enrolMember, subjectsOf, type LogPosition, type MessagingDeps } from "./facts.ts";

export interface NewConversation {
  /** Chosen by the creating device. */
  readonly id: Uuid;
  readonly suite: "signal-v1" | "mls-v1";
  /** The users besides the creator. */
  readonly members: readonly Uuid[];
  /** The creating device's Ed25519 signature over `creationBytes`. */
  readonly creationSignature: Uint8Array;
}

/**
 * Starts a conversation. Its log begins with the signed creation record. A repeat with the same id
 * gets the first answer.
 * @throws MessagingError forbidden, no_device, invalid_signature, conversation_exists, quota_exceeded
 */
export async function createConversation(
  deps: MessagingDeps,
  actor: Actor,
  input: NewConversation,
): Promise<LogPosition & { readonly id: Uuid }> {
  const act = {
    action: "conversation.create",
    class: "C" as const,
    conversation: input.id,
    details: { suite: input.suite, members: [...input.members] },
  };
  const place = await auditRefusals(deps, actor, act, async () => {
    const { device } = actor;
    if (device === undefined)
      throw new MessagingError("no_device", "Register this device before starting a conversation.");
    return deps.log.change(actor.tenant, input.id, async (client, head) => {
      if (head !== undefined)
        return { events: [], answer: await firstAnswer(client, actor, input.id) };
      return create(client, actor, device, input, act, deps.now());
    });
  });
  return { id: input.id, ...place };
}

async function create(
  client: Client,
  actor: Actor,
  device: Uuid,
  input: NewConversation,
  act: ConversationAct,
  now: number,
) {
  const members = [...new Set([actor.user, ...input.members])];
  const others = await subjectsOf(
    client,
    members.filter((user) => user !== actor.user),
  );
  const decision = decideConversation(actor, "create", {
    tenant: actor.tenant,
    createdBy: actor.user,
    members,
    state: "open",
    others,
  });
  assertAllowed(decision);
  await checkSignature(client, actor, device, input);
  await assertMayStore(client, actor, now);
  const created = await client.query(
    `insert into conversations (id, tenant, suite, created_by, creation_device, creation_signature, created_at_ms)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`,
    [input.id, actor.tenant, input.suite, actor.user, device, input.creationSignature, now],
  );
  if (created.rowCount === 0) throw exists();
  for (const subject of [{ user: actor.user, role: actor.role }, ...others])
    await enrolMember(client, { ...subject, tenant: actor.tenant, conversation: input.id, seq: 1 });
  const event = await appendControl(
    client,
    { tenant: actor.tenant, seq: 0, transcriptHash: zeroHash, receivedAtMs: now },
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
      },
    },
    now,
  );
  await auditDone(client, actor, act, decision, now);
  return { events: [event], answer: { epoch: 1, seq: 1 } };
}

async function firstAnswer(client: Client, actor: Actor, conversation: Uuid): Promise<LogPosition> {
  const { rowCount } = await client.query(
    "select from conversations where id = $1 and created_by = $2",
    [conversation, actor.user],
  );
  if (rowCount === 0) throw exists();
  return { epoch: 1, seq: 1 };
}

const exists = () =>
  new MessagingError("conversation_exists", "This conversation id is taken. Choose another.");

async function checkSignature(
  client: Client,
  actor: Actor,
  device: Uuid,
  input: NewConversation,
): Promise<void> {
  const { rows } = await client.query("select device_key from devices where id = $1", [device]);
  const key = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: toBase64Url(rows[0]?.device_key ?? new Uint8Array(0)) },
    format: "jwk",
  });
  const record = creationBytes({
    tenant: actor.tenant,
    conversation: input.id,
    suite: input.suite,
    device,
  });
  if (!verify(null, record, key, input.creationSignature))
    throw new MessagingError(
      "invalid_signature",
      "The creation record is not signed by this device.",
    );
}
