/** The list of an account's devices: one encoding for each list, and a strict reading of its fields. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  deviceListBytes,
  hasSoundValidity,
  listedDevice,
  listFromFields,
  listToFields,
  listValidityMs,
  type DeviceList,
} from "../../../../crypto/wire/device-list.ts";
import type { DeviceId } from "../../../../crypto/wire/ids.ts";
import { deviceRecordBytes } from "../../../../crypto/wire/signed-records.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

const id = (last: string) => `01890000-0000-7000-8000-0000000000${last}`;
const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const device = (last: string, fill: number) => ({
  device: idOf<DeviceId>(id(last)),
  digest: bytes(32, fill),
});
const list: DeviceList = {
  tenant: idOf(id("01")),
  user: idOf(id("02")),
  accountKey: bytes(32, 3),
  version: 4,
  issuedAtMs: 5,
  validUntilMs: 6,
  devices: [device("0a", 7), device("0b", 8)],
};
const hex = (value: Uint8Array) => Buffer.from(value).toString("hex");

describe("what the account signs", () => {
  test("is these bytes, whatever order the devices come in", () => {
    const uuid = (last: string) => id(last).replaceAll("-", "");
    const field = (content: string) => (content.length / 2).toString(16).padStart(8, "0") + content;
    const number = (value: number) => field(value.toString(16).padStart(16, "0"));
    const expected =
      Buffer.from("sealdesk/device-list/v1").toString("hex") +
      field(uuid("01")) +
      field(uuid("02")) +
      field("03".repeat(32)) +
      number(4) +
      number(5) +
      number(6) +
      field(uuid("0a") + "07".repeat(32) + uuid("0b") + "08".repeat(32));
    expect(hex(deviceListBytes(list))).toBe(expected);
    const turned = { ...list, devices: list.devices.toReversed() };
    expect(hex(deviceListBytes(turned))).toBe(expected);
  });

  test("differs if anything in the list differs", () => {
    const changes: Partial<DeviceList>[] = [
      { tenant: idOf(id("09")) },
      { user: idOf(id("09")) },
      { accountKey: bytes(32, 9) },
      { version: 9 },
      { issuedAtMs: 9 },
      { validUntilMs: 9 },
      { devices: [] },
      { devices: list.devices.slice(1) },
      { devices: [device("0a", 7), device("0b", 9)] },
      { devices: [device("0a", 8), device("0b", 7)] },
    ];
    const all = [list, ...changes.map((change) => ({ ...list, ...change }))].map((each) =>
      hex(deviceListBytes(each)),
    );
    expect(new Set(all).size).toBe(all.length);
  });

  test("has the digest of each device's record", () => {
    const record = {
      tenant: list.tenant,
      user: list.user,
      device: idOf<DeviceId>(id("0a")),
      accountKey: list.accountKey,
      deviceKey: bytes(32, 1),
      identityKey: bytes(33, 2),
      receiptKey: bytes(32, 3),
    };
    const sha256 = (value: Uint8Array) => createHash("sha256").update(value).digest();
    expect(listedDevice(sha256, record)).toEqual({
      device: record.device,
      digest: sha256(deviceRecordBytes(record)),
    });
  });
});

const signatures = fc.record({
  version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  issuedAtMs: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - listValidityMs }),
  forMs: fc.integer({ min: 1, max: listValidityMs }),
  signedBy: fc.uuid().map((text) => idOf<DeviceId>(text)),
  signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
});

describe("the fields of a list", () => {
  test("are read as they were written", () => {
    fc.assert(
      fc.property(signatures, ({ forMs, ...each }) => {
        const signed = { ...each, validUntilMs: each.issuedAtMs + forMs };
        const fields = listToFields(signed) as Record<string, unknown>;
        expect(listFromFields(fields)).toEqual(signed);
      }),
      { seed: 44 },
    );
  });

  const fields = {
    version: 1,
    issuedAtMs: 2,
    validUntilMs: 3,
    signedBy: id("0a"),
    signature: "A".repeat(86),
  };
  test.each<[string, object]>([
    ["no version", { version: undefined }],
    ["version 0", { version: 0 }],
    ["a broken version", { version: 1.5 }],
    ["a version in words", { version: "1" }],
    ["a version beyond exact numbers", { version: 2 ** 53 }],
    ["a time before the epoch", { issuedAtMs: -1 }],
    ["an end at its beginning", { validUntilMs: 2 }],
    ["an end before its beginning", { validUntilMs: 1 }],
    ["more than 30 days", { validUntilMs: 3 + listValidityMs }],
    ["a short signature", { signature: "A".repeat(85) }],
    ["a signature of other characters", { signature: `${"A".repeat(85)}+` }],
    ["no signature", { signature: undefined }],
    ["no signer", { signedBy: undefined }],
    ["a signer that is no device", { signedBy: "me" }],
  ])("with %s are refused", (_what, change) => {
    expect(() => listFromFields({ ...fields, ...change })).toThrow(
      expect.objectContaining({ code: "malformed_record" }),
    );
    expect(listFromFields(fields)).toMatchObject({ version: 1 });
  });

  test("name a time that is not empty, and 30 days at most", () => {
    const isSound = (issuedAtMs: number, validUntilMs: number) =>
      hasSoundValidity({ issuedAtMs, validUntilMs });
    expect([
      isSound(5, 5),
      isSound(5, 6),
      isSound(5, 5 + listValidityMs),
      isSound(5, 6 + listValidityMs),
    ]).toEqual([false, true, true, false]);
  });
});
