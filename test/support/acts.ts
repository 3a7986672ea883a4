/** Acts on conversations over HTTP, with receipts as a device of the SDK signs them. */
import { hash, sign } from "node:crypto";
import { zeroHash } from "../../crypto/wire/event.ts";
import type { Member } from "../../crypto/wire/frame.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import { membersToSign, usersOf } from "../../crypto/wire/membership.ts";
import {
  encodeReceipt,
  receiptBytes,
  type LogPoint,
  type MembershipKind,
  type MembershipReceipt,
  type Receipt,
} from "../../crypto/wire/receipt.ts";
import { creationBytes, membersBytes } from "../../crypto/wire/signed-records.ts";
import { newId } from "../../tools/testkit/ids.ts";
import type { Reply, TestDevice } from "./device.ts";
import type { TestServer } from "./server.ts";

type Database = Pick<TestServer, "database">;

/** The last event of a conversation's log, and its members, as the database has them. */
export interface Head {
  readonly after: LogPoint;
  readonly epoch: number;
  readonly members: readonly Member[];
}

export async function headOf({ database }: Database, conversation: ConversationId): Promise<Head> {
  const { rows: events } = await database.owner.query(
    `select seq, transcript_hash as hash from sealdesk.events
     where conversation = $1 and kind > 0 order by seq desc limit 1`,
    [conversation],
  );
  const { rows: epochs } = await database.owner.query(
    "select coalesce(max(epoch), 0) as epoch from sealdesk.epochs where conversation = $1",
    [conversation],
  );
  const { rows: members } = await database.owner.query(
    `select m.user_id as user, m.role, array(select d.device from sealdesk.member_devices d
       where d.conversation = m.conversation and d.user_id = m.user_id and d.until_seq is null
       order by d.device) as devices
     from sealdesk.members m where m.conversation = $1 and m.until_seq is null
     order by m.from_seq, m.user_id`,
    [conversation],
  );
  const last = events[0] ?? { seq: 0, hash: zeroHash };
  return { after: { seq: Number(last.seq), hash: last.hash }, epoch: epochs[0].epoch, members };
}

/** The users as a conversation lists them to which they are added now. */
async function newMembers(
  { database }: Database,
  users: readonly UserId[],
): Promise<readonly Member[]> {
  const { rows } = await database.owner.query(
    `select id as user, role, array(select d.id from sealdesk.devices d
       where d.user_id = u.id and d.revoked_at_ms is null order by d.id) as devices
     from sealdesk.users u where id = any($1::uuid[]) order by id`,
    [users],
  );
  return rows;
}

/** A receipt of an act on the present head. */
export async function actBy(
  device: TestDevice,
  conversation: ConversationId,
  kind: MembershipKind,
  subject: UserId = device.user,
  users: readonly UserId[] = [subject],
): Promise<MembershipReceipt> {
  const { server, tenant, user: actor, id: actorDevice } = device;
  const { after, epoch, members } = await headOf(server, conversation);
  const brings = kind === "created" || kind === "member_added";
  const newcomers = brings ? await newMembers(server, users) : [];
  const made = membersToSign(members, { kind, subject }, newcomers);
  return {
    type: "membership",
    version: 1,
    id: newId(),
    tenant,
    conversation,
    kind,
    actor,
    actorDevice,
    subject,
    epoch: kind === "closed" ? epoch : epoch + 1,
    members: hash("sha256", membersBytes(made), "buffer"),
    after,
    atMs: server.clock.now(),
  };
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

/** A receipt and its signature, as a request carries them. */
export function signed(device: TestDevice, receipt: Receipt, signer: TestDevice = device) {
  const text = encodeReceipt(receipt);
  const signature = sign(null, receiptBytes(text), signer.receiptKey.privateKey);
  return { receipt: base64url(text), signature: base64url(signature) };
}

const resources = { member_added: "members", member_removed: "removals", closed: "close" } as const;

/** Posts a receipt of an act. */
export const postAct = (
  by: TestDevice,
  receipt: MembershipReceipt & { readonly kind: keyof typeof resources },
  signer: TestDevice = by,
): Promise<Reply> =>
  by.request("POST", `/v1/conversations/${receipt.conversation}/${resources[receipt.kind]}`, {
    body: signed(by, receipt, signer),
  });

const act = async (
  by: TestDevice,
  conversation: ConversationId,
  kind: keyof typeof resources,
  subject?: UserId,
): Promise<Reply> => postAct(by, { ...(await actBy(by, conversation, kind, subject)), kind });

export const addMember = (by: TestDevice, conversation: ConversationId, user: UserId) =>
  act(by, conversation, "member_added", user);

export const removeMember = (by: TestDevice, conversation: ConversationId, user: UserId) =>
  act(by, conversation, "member_removed", user);

export const closeConversation = (by: TestDevice, conversation: ConversationId) =>
  act(by, conversation, "closed");

/** The body of a request for a new conversation. */
export async function creationBody(
  creator: TestDevice,
  members: readonly UserId[],
  options: {
    readonly id?: ConversationId;
    readonly suite?: string;
    /** The device that signs the creation record instead. */
    readonly signer?: TestDevice;
  } = {},
) {
  const { id = newId<ConversationId>(), suite = "signal-v1", signer = creator } = options;
  const { tenant, user, id: device } = creator;
  const users = usersOf(user, members);
  const record = creationBytes({ tenant, conversation: id, suite, device, users });
  return {
    id,
    suite,
    members,
    creationSignature: base64url(sign(null, record, signer.deviceKey.privateKey)),
    ...signed(creator, await actBy(creator, id, "created", user, users)),
  };
}
