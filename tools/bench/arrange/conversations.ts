import { randomBytes, randomUUID } from "node:crypto";
import { nilUuid, zeroHash } from "../../../crypto/wire/event.ts";
import { encodeControl } from "../../../crypto/wire/frame.ts";
import {
  nilId,
  parseId,
  type TenantId,
  type ConversationId,
  type MessageId,
} from "../../../crypto/wire/ids.ts";
import type { Client, Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import type { LoggedEvent } from "../../../messaging/log/event.ts";
import { insertEvents } from "../../../messaging/log/insert-events.ts";
import { numberControl } from "../../../messaging/log/number-message.ts";
import type { LoadConversation, LoadDevice } from "./load-device.ts";

/**
 * Creates one conversation for each group in one transaction. The group's first device creates it,
 * which is event 1 of its log.
 */
export async function arrangeConversations(
  pool: Pool,
  tenant: TenantId,
  groups: readonly (readonly LoadDevice[])[],
): Promise<LoadConversation[]> {
  const conversations = groups.map((devices) => ({
    id: parseId<ConversationId>(randomUUID()),
    devices,
  }));
  const nowMs = Date.now();
  const signature = randomBytes(64);
  await inTransaction(pool, tenant, async (client) => {
    await client.query(
      `insert into conversations (id, tenant, suite, created_by, creation_device, creation_signature, created_at_ms)
       select id, $1, 'signal-v1', created_by, device, $5, $6
       from unnest($2::uuid[], $3::uuid[], $4::uuid[]) as c (id, created_by, device)`,
      [
        tenant,
        conversations.map(({ id }) => id),
        conversations.map((each) => creatorOf(each).user),
        conversations.map((each) => creatorOf(each).device),
        signature,
        nowMs,
      ],
    );
    await enrol(client, tenant, conversations);
    const events = conversations.map((each) => createdEvent(tenant, each, signature, nowMs));
    await insertEvents(client, {
      tenant,
      events,
      keys: [],
      accounts: conversations.map((each) => creatorOf(each).user),
      firstUses: [],
      markers: [],
    });
  });
  return conversations;
}

async function enrol(
  client: Client,
  tenant: TenantId,
  conversations: readonly LoadConversation[],
): Promise<void> {
  const members = conversations.flatMap(({ id, devices }) =>
    devices.map(({ user, device }) => ({ id, user, device })),
  );
  const columns = [
    tenant,
    members.map(({ id }) => id),
    members.map(({ user }) => user),
    members.map(({ device }) => device),
  ];
  await client.query(
    `insert into members (tenant, conversation, user_id, role, from_seq)
     select $1, id, user_id, 'agent', 1 from unnest($2::uuid[], $3::uuid[]) as m (id, user_id)`,
    columns.slice(0, 3),
  );
  await client.query(
    `insert into member_devices (tenant, conversation, user_id, device, from_seq)
     select $1, *, 1 from unnest($2::uuid[], $3::uuid[], $4::uuid[])`,
    columns,
  );
  await client.query(
    `insert into epochs (tenant, conversation, epoch, from_seq, devices)
     select $1, conversation, 1, 1, array_agg(device) from member_devices
     where conversation = any($2::uuid[]) group by conversation`,
    [tenant, conversations.map(({ id }) => id)],
  );
}

function createdEvent(
  tenant: TenantId,
  conversation: LoadConversation,
  signature: Uint8Array,
  nowMs: number,
): LoggedEvent {
  const { user, device } = creatorOf(conversation);
  const users = conversation.devices.map((member) => member.user);
  const control = encodeControl({
    epoch: 1,
    actor: user,
    subject: user,
    members: conversation.devices.map((member) => ({
      user: member.user,
      role: "agent",
      devices: [member.device],
    })),
    creation: { suite: "signal-v1", device, signature, creator: undefined, users },
    receipt: undefined,
    signer: undefined,
    staffCertificate: undefined,
  });
  return numberControl(
    { tenant, seq: 0, transcriptHash: zeroHash, receivedAtMs: nowMs },
    {
      conversation: conversation.id,
      kind: "created",
      senderDevice: device,
      epoch: 1,
      keyId: nilUuid,
      clientMessageId: nilId<MessageId>(),
    },
    control,
    nowMs,
  );
}

function creatorOf({ devices: [creator] }: LoadConversation): LoadDevice {
  if (creator === undefined) throw new Error("a conversation has members");
  return creator;
}
