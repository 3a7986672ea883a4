import { sha256, verifySignature } from "../../../crypto/device/sodium.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import type {
  ActId,
  AttachmentId,
  ConsentId,
  DeviceId,
  GrantId,
  UserId,
} from "../../../crypto/wire/ids.ts";
import { decodeKeyEntry, encodeKeyEntry } from "../../../crypto/wire/key-entry.ts";
import { decodeReceipt, encodeReceipt, receiptBytes } from "../../../crypto/wire/receipt.ts";
import {
  deviceApprovalBytes,
  deviceRecordBytes,
  membersBytes,
} from "../../../crypto/wire/signed-records.ts";
import { conversation, device, record, tenant, user } from "./devices.ts";
import {
  bytesOf,
  describeFormat,
  eachFlipped,
  hex,
  malleated,
  signedBy,
  unhex,
  uuidOf,
} from "./format.ts";
import { otherTexts, resigned, textOf } from "./texts.ts";

const grant = {
  type: "history_grant",
  version: 1,
  id: uuidOf<GrantId>("grant"),
  tenant,
  conversation,
  grantor: user,
  grantorDevice: device,
  after: { seq: 41, hash: bytesOf("after") },
  recipient: uuidOf<UserId>("recipient"),
  recipientDevices: [uuidOf<DeviceId>("one"), uuidOf<DeviceId>("two")].toSorted(),
  fromSeq: 1,
  toSeq: 40,
  fromHash: bytesOf("from"),
  toHash: bytesOf("to"),
  purpose: "second_opinion",
  consent: uuidOf<ConsentId>("consent"),
  atMs: 1_767_571_200_123,
  packs: [{ attachment: uuidOf<AttachmentId>("pack"), digest: bytesOf("pack") }],
} as const;
const consent = {
  type: "consent",
  version: 1,
  id: uuidOf<ConsentId>("consent"),
  tenant,
  conversation,
  user,
  device,
  after: { seq: 41, hash: bytesOf("after") },
  purpose: "history_sharing",
  state: "given",
  record: bytesOf("consent record"),
  atMs: 1_767_571_200_123,
} as const;

const memberDevices = ["one", "two"].map((name) => uuidOf<DeviceId>(name)).toSorted();
/** The members after the act of `membership`. */
const members = [
  { user, role: "agent", devices: [device] },
  { user: uuidOf<UserId>("recipient"), role: "customer", devices: memberDevices },
];
const membership = {
  type: "membership",
  version: 1,
  id: uuidOf<ActId>("act"),
  tenant,
  conversation,
  after: { seq: 41, hash: bytesOf("after") },
  atMs: 1_767_571_200_123,
  kind: "member_added",
  actor: user,
  actorDevice: device,
  subject: uuidOf<UserId>("recipient"),
  epoch: 7,
  members: sha256(membersBytes(members)),
} as const;

const joining = {
  ...membership,
  subject: user,
  breakGlass: { request: uuidOf<ActId>("request"), untilMs: 1_767_571_260_000 },
} as const;

export function membersEncodings() {
  const digestOf = (of: typeof members) => hex(sha256(membersBytes(of)));
  const input = { members, digest: digestOf(members) };
  const [first, second] = members;
  return describeFormat({
    name: "members",
    defined: "docs/crypto.md#receipts",
    accepted: [
      { name: "two members", input },
      { name: "nobody", input: { members: [], digest: digestOf([]) } },
    ],
    refused: [
      ...eachFlipped(input, ["digest"]),
      { name: "members in another order", input: { ...input, members: members.toReversed() } },
      {
        name: "another role",
        input: { ...input, members: [{ ...first!, role: "admin" }, second!] },
      },
      { name: "a member less", input: { ...input, members: members.slice(1) } },
      {
        name: "a device less",
        input: { ...input, members: [first!, { ...second!, devices: memberDevices.slice(1) }] },
      },
      {
        name: "a device of the other member",
        input: {
          ...input,
          members: [
            { ...first!, devices: [...first!.devices, ...memberDevices.slice(1)] },
            { ...second!, devices: memberDevices.slice(0, 1) },
          ],
        },
      },
    ],
    open({ members: of, digest }) {
      if (digestOf(of) !== digest) throw new Error("another digest");
      return { digest };
    },
  });
}

export function receipts() {
  const sign = (text: string) => hex(signedBy("receipt", receiptBytes(utf8(text))));
  const inputOf = (receipt: Parameters<typeof encodeReceipt>[0]) => {
    const text = textOf(encodeReceipt(receipt));
    return { text, receiptKey: hex(record.receiptKey), signature: sign(text) };
  };
  const input = inputOf(grant);
  const changed = (from: string, to: string) => {
    const text = input.text.replace(from, to);
    return { ...input, text, signature: sign(text) };
  };
  const [one = "", two = ""] = grant.recipientDevices;
  return describeFormat({
    name: "receipt",
    defined: "docs/crypto.md#receipts",
    accepted: [
      { name: "a grant", input },
      { name: "a grant without consent", input: inputOf({ ...grant, consent: undefined }) },
      { name: "an act on the members", input: inputOf(membership) },
      { name: "a person who joins by break-glass", input: inputOf(joining) },
      { name: "a consent", input: inputOf(consent) },
      { name: "a consent withdrawn", input: inputOf({ ...consent, state: "withdrawn" }) },
    ],
    refused: [
      ...eachFlipped(input, ["receiptKey", "signature"]),
      ...resigned(input, sign),
      {
        name: "after no event",
        input: changed(/"after":\{.*?\},/.exec(input.text)?.[0] ?? "", ""),
      },
      { name: "after an event below 0", input: changed('"seq":41', '"seq":-1') },
      {
        name: "an act of another kind",
        input: inputOf({ ...membership, kind: "member_moved" as "member_added" }),
      },
      {
        name: "somebody whom another adds by break-glass",
        input: inputOf({ ...joining, subject: membership.subject }),
      },
      {
        name: "a removal by break-glass",
        input: inputOf({ ...joining, kind: "member_removed" }),
      },
      { name: "another purpose", input: changed("second_opinion", "curiosity") },
      { name: "another version", input: changed('"version":1', '"version":2') },
      { name: "an empty range", input: changed('"fromSeq":1', '"fromSeq":41') },
      { name: "a range from 0", input: changed('"fromSeq":1', '"fromSeq":0') },
      {
        name: "no packs",
        input: changed(/"packs":\[.*?\]/.exec(input.text)?.[0] ?? "", '"packs":[]'),
      },
      {
        name: "devices in another order",
        input: changed(`["${one}","${two}"]`, `["${two}","${one}"]`),
      },
      {
        name: "another label",
        input: {
          ...input,
          signature: hex(signedBy("receipt", utf8(`sealdesk/receipt/v2${input.text}`))),
        },
      },
      {
        name: "S is not below the order of the group",
        input: { ...input, signature: hex(malleated(unhex(input.signature))) },
      },
    ],
    open({ text, receiptKey, signature }) {
      const signed = receiptBytes(utf8(text));
      if (!verifySignature(signed, unhex(signature), unhex(receiptKey)))
        throw new Error("the signature is wrong");
      const { type, id } = decodeReceipt(utf8(text));
      return { type, id, signed: hex(signed) };
    },
  });
}

export function keyEntries() {
  const certificate = signedBy("device", deviceRecordBytes(record));
  const approvedBy = uuidOf<DeviceId>("approving device");
  const signature = signedBy("approving device", deviceApprovalBytes({ ...record, approvedBy }));
  const approval = { device: approvedBy, signature };
  const first = deviceApprovalBytes({ ...record, approvedBy: undefined });
  const byAccount = { device: undefined, signature: signedBy("account", first) };
  const list = {
    version: 2,
    issuedAtMs: 1_767_571_200_000,
    validUntilMs: 1_770_163_200_000,
    signedBy: record.device,
    signature: bytesOf("list", 64),
  };
  const entry = {
    change: "device_added",
    version: 2,
    record,
    certificate,
    list,
    approval,
  } as const;
  const input = { text: textOf(encodeKeyEntry(entry)) };
  const changed = (from: string, to: string) => ({ text: input.text.replace(from, to) });
  const removal = { change: "device_removed", version: 3, record, certificate, list } as const;
  const removed = textOf(encodeKeyEntry(removal));
  return describeFormat({
    name: "key-entry",
    defined: "docs/crypto.md#key-transparency",
    accepted: [
      { name: "an approved device", input },
      {
        name: "the first device",
        input: { text: textOf(encodeKeyEntry({ ...entry, version: 1, approval: byAccount })) },
      },
      { name: "a device removed", input: { text: removed } },
      {
        name: "a device that an administrator removed",
        input: { text: textOf(encodeKeyEntry({ ...removal, list: undefined })) },
      },
    ],
    refused: [
      ...Object.entries(otherTexts(input.text)).map(([name, text]) => ({ name, input: { text } })),
      { name: "another type", input: changed("key_change", "key_changed") },
      { name: "another change", input: changed("device_added", "device_moved") },
      { name: "version 0", input: changed('"version":2', '"version":0') },
      {
        name: "a list that is valid for more than 30 days",
        input: changed('"validUntilMs":1770163200000', '"validUntilMs":1770163200001'),
      },
      {
        name: "a list that ends before it begins",
        input: changed('"validUntilMs":1770163200000', '"validUntilMs":1767571200000'),
      },
      { name: "a list of version 0", input: changed('00,"version":2}', '00,"version":0}') },
      { name: "an id in capitals", input: changed(user, user.toUpperCase()) },
      {
        name: "an approver without an approval",
        input: { text: input.text.replace(/"approval":"[^"]*",/, "") },
      },
      {
        name: "a removal with an approval",
        input: { text: input.text.replace("device_added", "device_removed") },
      },
    ],
    open({ text }) {
      const read = decodeKeyEntry(utf8(text));
      return {
        change: read.change,
        version: read.version,
        device: read.record.device,
        deviceKey: hex(read.record.deviceKey),
        certificate: hex(read.certificate),
        listVersion: read.list?.version ?? null,
        approvedBy: read.approval?.device ?? null,
      };
    },
  });
}
