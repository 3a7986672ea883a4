/** Certificates of staff: each has one text, no other text is one, and only the authority signs them. */
import fc from "fast-check";
import { fromUtf8, utf8 } from "../../../../crypto/wire/bytes.ts";
import {
  decodeStaffCertificate,
  encodeStaffCertificate,
  maxStaffCertificateMs,
  openStaffCertificate,
  staffCertificateBytes,
  type StaffCertificate,
} from "../../../../crypto/wire/staff-certificate.ts";
import { deviceChecks } from "../../../../client/key-log/checks.ts";
import { generateSigningKey, ready, sign } from "../../../../crypto/device/sodium.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

beforeAll(() => ready);

const id = (last: string) => `01890000-0000-7000-8000-0000000000${last}`;

const certificate: StaffCertificate = {
  tenant: idOf(id("01")),
  user: idOf(id("02")),
  accountKey: new Uint8Array(32).fill(255),
  role: "agent",
  teams: ["claims", "night-desk"],
  fromMs: 5,
  untilMs: 604_800_005,
};
const accountKey = Buffer.alloc(32, 255).toString("base64url");
const text =
  `{"accountKey":"${accountKey}","fromMs":5,"role":"agent","teams":["claims","night-desk"],` +
  `"tenant":"${id("01")}","type":"staff_certificate","untilMs":604800005,"user":"${id("02")}",` +
  `"version":1}`;

const malformed = expect.objectContaining({ code: "malformed_record" });

test("a certificate has this text, which is signed after a label", () => {
  expect(fromUtf8(encodeStaffCertificate(certificate))).toBe(text);
  expect(decodeStaffCertificate(utf8(text))).toEqual(certificate);
  expect(fromUtf8(staffCertificateBytes(utf8("{}")))).toBe("sealdesk/staff/v1{}");
});

test("a certificate is read as it was written", () => {
  const team = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/);
  const any = fc.record({
    accountKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    role: fc.stringMatching(/^[a-z][a-z_]{0,20}$/).filter((role) => role !== "customer"),
    teams: fc.uniqueArray(team, { maxLength: 64 }).map((teams) => teams.toSorted()),
    fromMs: fc.nat(),
    forMs: fc.integer({ min: 1, max: maxStaffCertificateMs }),
  });
  const property = fc.property(any, ({ forMs, ...fields }) => {
    const each = { ...certificate, ...fields, untilMs: fields.fromMs + forMs };
    expect(decodeStaffCertificate(encodeStaffCertificate(each))).toEqual(each);
  });
  fc.assert(property, { seed: 20_261_130 });
});

test.each([
  ["white space", text.replace("{", "{ ")],
  ["an unknown field", text.replace('"version":1', '"version":1,"z":1')],
  ["another version", text.replace('"version":1', '"version":2')],
  ["another type", text.replace("staff_certificate", "staff_certificat")],
  ["a customer", text.replace("agent", "customer")],
  ["no role", text.replace("agent", "")],
  ["teams in another order", text.replace('"claims","night-desk"', '"night-desk","claims"')],
  ["a team twice", text.replace('"claims","night-desk"', '"claims","claims"')],
  ["a team that is no name", text.replace("night-desk", "Night Desk")],
  ["teams that are no list", text.replace('["claims","night-desk"]', '"claims"')],
  ["no validity", text.replace("604800005", "5")],
  ["validity of years", text.replace("604800005", "94608000000")],
  ["a fraction", text.replace('"fromMs":5', '"fromMs":5.5')],
  ["a short key", text.replace(accountKey, accountKey.slice(4))],
  ["a user that is no id", text.replace(id("02"), "nobody")],
  ["an array", "[]"],
  ["null", "null"],
  ["nothing", ""],
  ["a text that is too long", text.replace("agent", "a".repeat(9_000))],
])("a text with %s is no certificate", (_, each) => {
  expect(() => decodeStaffCertificate(utf8(each))).toThrow(malformed);
});

test("a certificate opens under the key that signed it, and under no other", () => {
  const [authority, other] = [generateSigningKey(), generateSigningKey()];
  const bytes = utf8(text);
  const signature = sign(staffCertificateBytes(bytes), authority.privateKey);
  const open = (shown: { text: Uint8Array; signature: Uint8Array }, key: Uint8Array) =>
    openStaffCertificate(shown, key, deviceChecks.verifyEd25519);
  expect(open({ text: bytes, signature }, authority.publicKey)).toEqual(certificate);
  expect(open({ text: bytes, signature }, other.publicKey)).toBeUndefined();
  const promoted = utf8(text.replace("agent", "admin"));
  expect(open({ text: promoted, signature }, authority.publicKey)).toBeUndefined();
  // Signed without the label, as a record of another kind.
  const bare = sign(bytes, authority.privateKey);
  expect(open({ text: bytes, signature: bare }, authority.publicKey)).toBeUndefined();
});
