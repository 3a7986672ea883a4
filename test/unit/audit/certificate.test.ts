import { nodeChecks } from "../../../audit/node-checks.ts";
import { signCertificate } from "../../../audit/sign-certificate.ts";
import type { Certificate } from "../../../audit/verify/certificate/certificate.ts";
import { encodeCertificate } from "../../../audit/verify/certificate/certificate.ts";
import { verifyCertificate } from "../../../audit/verify/certificate/verify-certificate.ts";
import type { LogError } from "../../../audit/verify/log-error.ts";
import { fromUtf8, utf8 } from "../../../crypto/wire/bytes.ts";
import { verifyCertificate as verifyInSdk } from "../../../client/index.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import {
  certificateBody,
  signedCertificate,
  tenantLog,
  TENANT_LOG,
  type EntryChanges,
} from "../../support/certificates.ts";
import { MemoryLog } from "../../support/memory-log.ts";

const log = tenantLog();
const keys = { trusted: [log.key] };
const faultOf = (file: Uint8Array, given = keys): LogError => {
  try {
    verifyCertificate(nodeChecks, file, given);
  } catch (error) {
    return error as LogError;
  }
  throw new Error("it was accepted");
};

test("a certificate verifies with the key of the tenant's log alone, on the server and in the SDK", async () => {
  const file = await signedCertificate(log);
  const { certificate, origin } = verifyCertificate(nodeChecks, file, keys);
  expect(origin).toBe(TENANT_LOG);
  expect(certificate).toMatchObject(await certificateBody(log));
  const vkey = formatVkey(nodeChecks.sha256, log.key);
  expect(await verifyInSdk(file, { keys: [vkey] })).toEqual(certificate);
  await expect(verifyInSdk(file, { keys: [vkey], revoked: [vkey] })).rejects.toMatchObject({
    code: "certificate_invalid",
    problem: "revoked_key",
  });
});

test("no byte of a certificate can be changed, removed or added", async () => {
  const file = await signedCertificate(log);
  // Every seventh byte. Seven and eight have no common divisor, so each bit has its turn.
  for (let at = 0; at < file.length; at += 7) {
    const flipped = Uint8Array.from(file);
    flipped[at]! ^= 1 << (at % 8);
    const fault = faultOf(flipped);
    expect([fault.name, fault.place]).toEqual(["LogError", expect.stringMatching(/^[a-z]\S+$/i)]);
  }
  expect(faultOf(file.subarray(0, -1)).code).toBe("malformed");
  expect(faultOf(utf8(`${fromUtf8(file)} `)).code).toBe("malformed");
  expect(faultOf(Uint8Array.of(0xff)).code).toBe("malformed");
});

test.each<[string, (certificate: Certificate) => Partial<Certificate> & object, object]>([
  [
    "an erased conversation that is another one",
    ({ erased }) => ({ erased: erased.slice(1) }),
    { code: "mismatch", place: "erased" },
  ],
  ["a hold that is gone", () => ({ restricted: [] }), { code: "mismatch", place: "restricted" }],
  [
    "a later date",
    ({ residualUntilMs }) => ({ residualUntilMs: residualUntilMs - 1 }),
    { code: "mismatch", place: "residualUntilMs" },
  ],
  [
    "a device that did not answer",
    ({ devices: [first] }) => ({ devices: [first!] }),
    { code: "mismatch", place: "devices" },
  ],
  ["a negative time", () => ({ fencedAtMs: -1 }), { code: "malformed", place: "fencedAtMs" }],
  [
    "an unknown kind",
    ({ erased: [first] }) => ({ erased: [{ ...first!, kind: "mind" as never }] }),
    { code: "malformed", place: "erased[0].kind" },
  ],
  [
    "an unknown field",
    () => ({ note: 1 }) as object,
    { code: "malformed", message: 'certificate: has the unknown field "note".' },
  ],
])("a certificate with %s is refused by that name", async (_, change, expected) => {
  const { certificate } = verifyCertificate(nodeChecks, await signedCertificate(log), keys);
  const changed = { ...certificate, ...change(certificate) };
  expect(faultOf(encodeCertificate(changed))).toMatchObject(expected);
});

test("a certificate of another tenant, of an older key and of a revoked key are refused by name", async () => {
  const file = await signedCertificate(log);
  expect(faultOf(file, { trusted: [tenantLog("desk.example/audit/t/other").key] })).toMatchObject({
    code: "wrong_origin",
    message: expect.stringContaining(TENANT_LOG),
  });
  expect(faultOf(file, { trusted: [tenantLog().key] })).toMatchObject({ code: "unsigned" });
  const revoked = { trusted: [tenantLog().key, log.key], revoked: [log.key] };
  expect(faultOf(file, revoked)).toMatchObject({ code: "revoked_key" });
});

test("while the audit key is being replaced, both keys verify a certificate and neither signature can be altered", async () => {
  const next = tenantLog();
  const signer = { ...log.signer, next: next.signer };
  const file = await signCertificate(signer, TENANT_LOG, await certificateBody(log));
  // The checkpoint of this log is signed by the former key alone, whichever is given first.
  const both = { trusted: [next.key, log.key] };
  const { certificate, digest } = verifyCertificate(nodeChecks, file, both);
  expect(faultOf(file)).toMatchObject({ code: "unsigned", place: "signature" });
  verifyCertificate(nodeChecks, file, { ...keys, revoked: [next.key] });
  const lines = certificate.signature.trimEnd().split("\n");
  const former = lines.at(-2)!;
  const signedBy = (...signatures: string[]) =>
    encodeCertificate({
      ...certificate,
      signature: [...lines.slice(0, -2), ...signatures, ""].join("\n"),
    });
  const place = "signature";
  for (const line of lines.slice(-2)) {
    const altered = line.replace(/.(?=...$)/, (character) => (character === "A" ? "B" : "A"));
    const signatures = lines.slice(-2).map((each) => (each === line ? altered : each));
    const fault = { code: "wrong_signature", place };
    expect(faultOf(signedBy(...signatures), both)).toMatchObject(fault);
  }
  expect(faultOf(signedBy(former, former), both)).toMatchObject({ code: "malformed", place });
  // With one signature, it is the same certificate by the same digest.
  const alone = verifyCertificate(nodeChecks, signedBy(former), keys);
  expect(alone.digest).toEqual(digest);
});

test("a signature by a key that nobody knows cannot be added", async () => {
  const { certificate } = verifyCertificate(nodeChecks, await signedCertificate(log), keys);
  const added = `\u2014 ${TENANT_LOG} ${Buffer.alloc(68, 7).toString("base64")}\n`;
  const signature = `${certificate.signature}${added}`;
  expect(faultOf(encodeCertificate({ ...certificate, signature }))).toMatchObject({
    code: "unsigned",
    place: "signature",
  });
});

test("no text of a refused certificate controls a terminal, and none of a verified one does", async () => {
  const { certificate } = verifyCertificate(nodeChecks, await signedCertificate(log), keys);
  const [erased] = certificate.erased;
  const [restricted] = certificate.restricted;
  const [entry] = certificate.entries;
  const controls = [
    "\u001b[2K\rVerified",
    "\u009b2K",
    "\u202e",
    "\u2028",
    "\u007f",
    "\n",
    "\u{e0041}",
  ];
  const { checkpoint, signature } = certificate;
  for (const control of controls) {
    const name = `x${control}`;
    const changes: object[] = [
      { [name]: 1 },
      { erased: [{ ...erased!, [name]: 1 }] },
      { law: `GDPR${control}` },
      { restricted: [{ ...restricted!, citation: `GDPR${control}` }] },
      { entries: [{ ...entry!, entry: `${control}${entry!.entry}` }] },
      { signature: signature.replace("desk.example", `desk${control}.example`) },
      // A note may have a newline.
      ...(control === "\n" ? [] : [{ checkpoint: control + checkpoint }]),
    ];
    for (const change of changes) {
      const { code, message } = faultOf(encodeCertificate({ ...certificate, ...change }));
      expect([code, message]).toEqual(["malformed", expect.stringMatching(/^[ -~]+$/)]);
    }
  }
  const long = faultOf(encodeCertificate({ ...certificate, ["x".repeat(100_000)]: 1 }));
  expect(long.message.length).toBeLessThan(100);
});

const OTHER = "01930000-0000-7000-8000-000000000099";

test.each<[string, EntryChanges, string]>([
  ["failed", { 3: { outcome: "failed" } }, "erased[0]"],
  ["was another act", { 3: { action: "message.read" } }, "erased[0]"],
  ["was only intended", { 3: { action: "keys.destroy_begin" } }, "erased[0]"],
  [
    "concerned somebody else",
    { 3: { subject: OTHER, resource: { type: "subject_keys", id: OTHER } } },
    "erased[0]",
  ],
  [
    "destroyed keys of another conversation",
    { 3: { details: { scopes: [[OTHER, 1]] } } },
    "erased[0]",
  ],
  ["named no keys", { 3: { details: {} } }, "erased[0]"],
  ["destroyed keys and not the account", { 7: { action: "keys.destroy" } }, "erased[1]"],
  [
    "belonged to another case",
    { 7: { subject: OTHER, resource: { type: "case", id: OTHER } } },
    "erased[1]",
  ],
])("an entry of the tenant that %s proves no erasure", async (_, changes, place) => {
  const changed = tenantLog(TENANT_LOG, changes);
  const body = await certificateBody(changed, changes);
  const file = await signCertificate(changed.signer, TENANT_LOG, body);
  expect(faultOf(file, { trusted: [changed.key] })).toMatchObject({ code: "mismatch", place });
});

test("the destruction of all keys of the person proves that each conversation is erased", async () => {
  const changes = { 3: { details: { whole: true } } };
  const changed = tenantLog(TENANT_LOG, changes);
  const body = await certificateBody(changed, changes);
  const file = await signCertificate(changed.signer, TENANT_LOG, body);
  verifyCertificate(nodeChecks, file, { trusted: [changed.key] });
});

test("the holder of the key cannot certify what the log does not have", async () => {
  const body = await certificateBody(log);
  const sign = (changes: object) =>
    signCertificate(log.signer, TENANT_LOG, { ...body, ...changes });
  const [first, second] = body.entries;
  const invented = { ...first!, entry: first!.entry.replace("destroy", "restore") };
  expect(faultOf(await sign({ entries: [invented, second!] }))).toMatchObject({
    code: "invalid_proof",
  });
  expect(faultOf(await sign({ entries: [first!] }))).toMatchObject({
    code: "mismatch",
    place: "erased[1]",
  });
  const other = new MemoryLog("desk.example/audit/t/other", log);
  const foreign = { checkpoint: other.signed(log.head) };
  expect(faultOf(await sign(foreign))).toMatchObject({ place: "checkpoint" });
  const { certificate } = verifyCertificate(nodeChecks, await sign({}), keys);
  const signature = `${certificate.signature}\u2014 witness.example ${"A".repeat(96)}\n`;
  expect(faultOf(encodeCertificate({ ...certificate, signature }))).toMatchObject({
    code: "malformed",
    place: "signature",
  });
  await expect(sign({ law: "" })).rejects.toMatchObject({ code: "malformed", place: "law" });
});
