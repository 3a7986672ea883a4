/** The check of a report, with Node's own cryptography as the server has it. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { signMessage } from "../../../../crypto/device/authorship.ts";
import { commit } from "../../../../crypto/device/franking.ts";
import {
  createSigner,
  generateSigningKey,
  ready,
  sign,
  verifySignature,
} from "../../../../crypto/device/sodium.ts";
import { frankingTag } from "../../../../crypto/wire/event.ts";
import type {
  ConversationId,
  DeviceId,
  MessageId,
  TenantId,
  UserId,
} from "../../../../crypto/wire/ids.ts";
import {
  authorFault,
  verifyReport,
  type ReportedAuthor,
  type ReportedMessage,
} from "../../../../crypto/wire/report.ts";
import { deviceRecordBytes } from "../../../../crypto/wire/signed-records.ts";
import { newId } from "../../../../tools/testkit/ids.ts";
import { tampered } from "../device/devices.ts";

await ready;

const hmac = (key: Uint8Array, input: Uint8Array) =>
  Uint8Array.from(createHmac("sha256", key).update(input).digest());
const checks = {
  hmac,
  equal: (a: Uint8Array, b: Uint8Array) => a.length === b.length && timingSafeEqual(a, b),
  verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
    verifySignature(message, signature, publicKey),
};
const relayKey = new Uint8Array(32).fill(1);
const [account, receipt, deviceKey, other] = [
  generateSigningKey(),
  generateSigningKey(),
  generateSigningKey(),
  generateSigningKey(),
];

function certified(changes: Partial<ReportedAuthor["record"]> = {}): ReportedAuthor {
  const record = {
    tenant: newId<TenantId>(),
    user: newId<UserId>(),
    device: newId<DeviceId>(),
    accountKey: account.publicKey,
    deviceKey: deviceKey.publicKey,
    identityKey: new Uint8Array(33).fill(5),
    receiptKey: receipt.publicKey,
    ...changes,
  };
  return { record, certificate: sign(deviceRecordBytes(record), deviceKey.privateKey) };
}

const author = certified();
const header = {
  conversation: newId<ConversationId>(),
  senderDevice: author.record.device,
  epoch: 3,
  clientMessageId: newId<MessageId>(),
  receivedAtMs: 1_767_571_200_123,
};
const payload = new Uint8Array(100).fill(2);
const frankingKey = new Uint8Array(32).fill(3);
const { tenant, user } = author.record;
const signature = await signMessage(header, commit(frankingKey, payload), {
  tenant,
  user,
  sign: await createSigner(receipt.privateKey),
});
const message: ReportedMessage = {
  header,
  frankingTag: frankingTag(hmac, relayKey, header, commit(frankingKey, payload)),
  payload,
  frankingKey,
  signature,
};
const verdictOn = (changes: Partial<ReportedMessage>, by = author, key: Uint8Array = relayKey) =>
  verifyReport(checks, key, { ...message, ...changes }, by);

test("a report of what was said is authentic", () => {
  expect(verdictOn({})).toBe("authentic");
});

test("a report that differs in anything proves nothing", () => {
  const moved = { ...header, conversation: newId<ConversationId>() };
  const later = { ...header, receivedAtMs: header.receivedAtMs + 1 };
  const { record, certificate } = author;
  expect([
    verdictOn({ payload: tampered(payload, 0) }),
    verdictOn({ frankingKey: tampered(frankingKey, 0) }),
    verdictOn({ frankingKey: frankingKey.slice(1) }),
    verdictOn({ signature: tampered(signature, 0) }),
    verdictOn({ header: moved }),
    verdictOn({ header: later }),
    verdictOn({ frankingTag: tampered(message.frankingTag, 0) }),
    verdictOn({ frankingTag: new Uint8Array(0) }),
    verdictOn({}, author, tampered(relayKey, 0)),
    verdictOn({}, certified()),
    verdictOn({}, { record, certificate: tampered(certificate, 0) }),
    verdictOn({}, { record, certificate: sign(deviceRecordBytes(record), account.privateKey) }),
    verdictOn({}, { record: { ...record, receiptKey: other.publicKey }, certificate }),
    verdictOn({}, certified({ ...record, user: newId() })),
    verdictOn({}, certified({ ...record, receiptKey: other.publicKey })),
  ]).toEqual([
    "invalid_signature",
    "invalid_signature",
    "invalid_signature",
    "invalid_signature",
    "invalid_signature",
    "tag_mismatch",
    "tag_mismatch",
    "tag_mismatch",
    "tag_mismatch",
    "wrong_author",
    "author_uncertified",
    "author_uncertified",
    "author_uncertified",
    "invalid_signature",
    "invalid_signature",
  ]);
});

test("a relay names any time for what was said: the time is its word", () => {
  const later = { ...header, receivedAtMs: header.receivedAtMs + 86_400_000 };
  const tag = frankingTag(hmac, relayKey, later, commit(frankingKey, payload));
  expect(verdictOn({ header: later, frankingTag: tag })).toBe("authentic");
});

test("a relay that makes tags as it likes makes no author", () => {
  const said = new Uint8Array(100).fill(9);
  const tag = frankingTag(hmac, relayKey, header, commit(frankingKey, said));
  expect(verdictOn({ payload: said, frankingTag: tag })).toBe("invalid_signature");
});

test("who said it is proved without the relay's key", () => {
  expect(authorFault(checks, message, author)).toBeUndefined();
  expect(authorFault(checks, message, certified())).toBe("wrong_author");
});
