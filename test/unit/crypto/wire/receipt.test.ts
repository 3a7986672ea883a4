/** Receipts: each has one text, and no other text is a receipt. */
import type { ConsentId } from "../../../../crypto/wire/ids.ts";
import { describe, expect, test } from "@jest/globals";
import {
  decodeReceipt,
  encodeReceipt,
  receiptBytes,
  type Consent,
  type HistoryGrant,
  type MembershipReceipt,
} from "../../../../crypto/wire/receipt.ts";
import { fromUtf8, utf8 } from "../../../../crypto/wire/bytes.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

const id = (last: string) => `01890000-0000-7000-8000-0000000000${last}`;

const after = { seq: 8, hash: new Uint8Array(32).fill(4) };
const membership: MembershipReceipt = {
  type: "membership",
  version: 1,
  id: idOf(id("01")),
  tenant: idOf(id("02")),
  conversation: idOf(id("03")),
  kind: "member_added",
  actor: idOf(id("04")),
  actorDevice: idOf(id("05")),
  subject: idOf(id("06")),
  epoch: 3,
  members: new Uint8Array(32).fill(5),
  after,
  atMs: 9,
};
const consent: Consent = {
  type: "consent",
  version: 1,
  id: idOf(id("01")),
  tenant: idOf(id("02")),
  conversation: idOf(id("03")),
  user: idOf(id("04")),
  device: idOf(id("05")),
  purpose: "history_sharing",
  state: "given",
  record: new Uint8Array(32).fill(6),
  after,
  atMs: 9,
};
const grant: HistoryGrant = {
  type: "history_grant",
  version: 1,
  id: idOf(id("01")),
  tenant: idOf(id("02")),
  conversation: idOf(id("03")),
  grantor: idOf(id("04")),
  grantorDevice: idOf(id("05")),
  recipient: idOf(id("06")),
  recipientDevices: [idOf(id("07")), idOf(id("08"))],
  fromSeq: 11,
  toSeq: 40,
  purpose: "hand_over",
  consent: undefined,
  after,
  atMs: 9,
  fromHash: new Uint8Array(32).fill(1),
  toHash: new Uint8Array(32).fill(2),
  packs: [{ attachment: idOf(id("09")), digest: new Uint8Array(32).fill(3) }],
};
const json = JSON.parse(fromUtf8(encodeReceipt(grant))) as Record<string, unknown>;

describe("a receipt", () => {
  test("is read as it was written", () => {
    for (const receipt of [
      membership,
      consent,
      grant,
      { ...grant, consent: idOf<ConsentId>(id("0a")) },
    ])
      expect(decodeReceipt(encodeReceipt(receipt))).toEqual(receipt);
  });

  test("has this text, which is signed after a label", () => {
    expect(fromUtf8(encodeReceipt(consent))).toBe(
      `{"after":{"hash":"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ","seq":8},"atMs":9,` +
        `"conversation":"${id("03")}","device":"${id("05")}","id":"${id("01")}",` +
        `"purpose":"history_sharing","record":"BgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgY","state":"given","tenant":"${id("02")}","type":"consent",` +
        `"user":"${id("04")}","version":1}`,
    );
    expect(fromUtf8(encodeReceipt(membership))).toBe(
      `{"actor":"${id("04")}","actorDevice":"${id("05")}",` +
        `"after":{"hash":"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ","seq":8},"atMs":9,` +
        `"conversation":"${id("03")}","epoch":3,"id":"${id("01")}","kind":"member_added",` +
        `"members":"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU","subject":"${id("06")}",` +
        `"tenant":"${id("02")}","type":"membership","version":1}`,
    );
    expect(fromUtf8(receiptBytes(utf8("{}")))).toBe("sealdesk/receipt/v1{}");
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["white space", `${JSON.stringify(json)} `],
    ["another order", JSON.stringify(Object.fromEntries(Object.entries(json).toReversed()))],
    ["a further field", changed({ zzz: 1 })],
    ["an unknown type", changed({ type: "promise" })],
    ["an unknown version", changed({ version: 2 })],
    ["an unknown purpose", changed({ purpose: "curiosity" })],
    ["a range that ends before it begins", changed({ toSeq: 10 })],
    ["a range from nothing", changed({ fromSeq: 0 })],
    ["a short hash", changed({ toHash: "AAAA" })],
    ["no packs", changed({ packs: [] })],
    ["no device", changed({ recipientDevices: [] })],
    ["a device twice", changed({ recipientDevices: [id("07"), id("07")] })],
    ["devices out of order", changed({ recipientDevices: [id("08"), id("07")] })],
    ["too many packs", changed({ packs: Array.from({ length: 33 }, () => json["packs"]) })],
    ["no event that it follows", changed({ after: undefined })],
    ["half an event that it follows", changed({ after: { seq: 8 } })],
    ["an invalid identifier", changed({ recipient: "somebody" })],
  ])("with %s is none", (_name, text) => {
    expect(() => decodeReceipt(utf8(text))).toThrow(
      expect.objectContaining({ code: "malformed_record" }),
    );
  });
});

function changed(fields: object, base: object = json): string {
  const all = Object.entries({ ...base, ...fields });
  return JSON.stringify(Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

test.each([
  ["an act of a device's owner", { kind: "device_added" }],
  ["a message", { kind: "message" }],
  ["a short digest", { members: "AAAA" }],
  ["no subject", { subject: undefined }],
])("a receipt of %s is none", (_name, fields) => {
  const text = JSON.parse(fromUtf8(encodeReceipt(membership))) as Record<string, unknown>;
  expect(() => decodeReceipt(utf8(changed(fields, text)))).toThrow(
    expect.objectContaining({ code: "malformed_record" }),
  );
});
