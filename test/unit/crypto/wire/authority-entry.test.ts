/** The entries of the key log about the keys of a tenant's authority. */
import { fromUtf8, toHex, utf8 } from "../../../../crypto/wire/bytes.ts";
import {
  decodeAuthorityEntry,
  encodeAuthorityEntry,
  handoverBytes,
  type AuthorityEntry,
} from "../../../../crypto/wire/authority-entry.ts";
import { decodeKeyEntry } from "../../../../crypto/wire/key-entry.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

const tenant = "01890000-0000-7000-8000-000000000001";
const first: AuthorityEntry = {
  change: "added",
  tenant: idOf(tenant),
  version: 1,
  authorityKey: new Uint8Array(32).fill(255),
  atMs: 7,
  handover: undefined,
};
const signatures = { former: new Uint8Array(64).fill(255), next: new Uint8Array(64).fill(255) };
const second: AuthorityEntry = { ...first, version: 2, handover: signatures };
const key = (length: number) => Buffer.alloc(length, 255).toString("base64url");
const text = `{"atMs":7,"authorityKey":"${key(32)}","change":"added","handover":{"former":"${key(64)}","next":"${key(64)}"},"tenant":"${tenant}","type":"authority_key","version":2}`;

const malformed = expect.objectContaining({ code: "malformed_record" });

test("an entry is read back as it was written", () => {
  const retired = { ...first, change: "retired", version: 3 } as const;
  for (const entry of [first, second, retired])
    expect(decodeAuthorityEntry(encodeAuthorityEntry(entry))).toEqual(entry);
});

test("an entry has one text, the canonical one", () => {
  expect(fromUtf8(encodeAuthorityEntry(second))).toBe(text);
  const changed = [
    text.replace("{", "{ "),
    text.replace('"version":2', '"version":0'),
    text.replace('"version":2', '"version":2,"z":1'),
    text.replace('"atMs":7', '"atMs":-7'),
    text.replace("added", "lent"),
    text.replace("added", "retired"),
    text.replace("authority_key", "key_change"),
    text.replace(key(32), key(33)),
    text.replace(key(64), key(63)),
    text.replace(/"handover":{[^}]*}/, '"handover":null'),
    text.replace(/"handover":{[^}]*}/, `"handover":"${key(64)}"`),
    text.replace(`,"next":"${key(64)}"`, ""),
    text.replace(`"former":"${key(64)}",`, ""),
    text.replace('"next":', '"last":'),
    "null",
    "",
  ];
  for (const each of changed) expect(() => decodeAuthorityEntry(utf8(each))).toThrow(malformed);
});

test("an entry about the authority does not pass for one about a device", () => {
  expect(() => decodeKeyEntry(utf8(text))).toThrow(malformed);
});

test("a handover names the tenant, both keys, the entry and the time", () => {
  const bytes = handoverBytes({
    tenant: idOf(tenant),
    from: new Uint8Array(32).fill(1),
    to: new Uint8Array(32).fill(2),
    version: 3,
    atMs: 7,
  });
  const label = toHex(utf8("sealdesk/authority-handover/v1"));
  expect(toHex(bytes)).toBe(
    `${label}${tenant.replaceAll("-", "")}${"01".repeat(32)}${"02".repeat(32)}` +
      "00000000000000030000000000000007",
  );
});
