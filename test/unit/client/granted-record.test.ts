/** A newcomer shows a granted message only if its device signed it and members were allowed to open it. */
import { randomBytes } from "node:crypto";
import { grantedRecord } from "../../../client/history/granted-record.ts";
import { signMessage } from "../../../crypto/device/authorship.ts";
import { commit } from "../../../crypto/device/franking.ts";
import { encodePayload } from "../../../crypto/wire/payload.ts";
import { createSigner, generateSigningKey, ready } from "../../../crypto/device/sodium.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type {
  ConversationId,
  DeviceId,
  MessageId,
  TenantId,
  UserId,
} from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

await ready;

const conversation = newId<ConversationId>();
const [tenant, user, grantor] = [newId<TenantId>(), newId<UserId>(), newId<UserId>()];
const senderDevice = newId<DeviceId>();
const key = generateSigningKey();
const context = { conversation, senderDevice, epoch: 2, clientMessageId: newId<MessageId>() };
const lastSeen = { seq: 3, transcriptHash: new Uint8Array(randomBytes(32)) };
const payload = encodePayload({ ...context, lastSeen, body: { kind: "text", text: "good day" } });
const frankingKey = new Uint8Array(randomBytes(32));
const commitment = commit(frankingKey, payload);
const sign = await createSigner(key.privateKey);
const signature = await signMessage(context, commitment, { tenant, user, sign });

const { conversation: _, ...header } = context;
const link = {
  ...header,
  kind: "message" as const,
  receivedAtMs: 1,
  commitment,
  frankingTag: zeroHash,
  transcriptHash: zeroHash,
  control: undefined,
};
const entry = { seq: 4, payload, frankingKey, signature };
const author = { tenant, user, receiptKey: key.publicKey };
const member = { user, role: "agent" as const, devices: [senderDevice] };
const state = { epoch: 2, members: [member] };
const place = {
  conversation,
  grantor,
  author,
  members: state,
  change: undefined,
  isRepeated: false,
};

test("a message that its device signed is shown, with a mark if the members are not known", () => {
  expect(grantedRecord(link, entry, place)).toMatchObject({
    record: { text: "good day", problems: [] },
    lastSeen,
  });
  expect(grantedRecord(link, entry, { ...place, members: undefined })).toMatchObject({
    record: { text: "good day", problems: [{ code: "membership_unverified", user }] },
    lastSeen,
  });
});

const other = generateSigningKey();
test.each([
  ["no author", { author: undefined }, "author_unverified"],
  ["another key", { author: { ...author, receiptKey: other.publicKey } }, "author_unverified"],
  ["another user", { author: { ...author, user: grantor } }, "author_unverified"],
  ["another tenant", { author: { ...author, tenant: newId<TenantId>() } }, "author_unverified"],
  [
    "an archiver, who only receives",
    { members: { ...state, members: [{ ...member, role: "archiver" }] } },
    "not_a_member",
  ],
  ["a removed device", { members: { ...state, members: [] } }, "not_a_member"],
  [
    "a device listed under somebody else",
    { members: { ...state, members: [{ ...member, user: grantor }] } },
    "untrusted_sender",
  ],
  ["a message of an earlier epoch", { members: { ...state, epoch: 3 } }, "wrong_epoch"],
  ["a message that stands before, too", { isRepeated: true }, "duplicate"],
] as const)("a message is not shown: %s", (_name, changes, code) => {
  const { record, lastSeen: saw } = grantedRecord(link, entry, { ...place, ...changes });
  expect(record).toMatchObject({ text: undefined, payload: undefined, problems: [{ code }] });
  expect(saw).toBeUndefined();
});
