import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { signCertificate } from "../../../audit/sign-certificate.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import { verifyCertificateFile } from "../../../cli/commands/certificate/verify.ts";
import { verifyCertificate } from "../../../audit/verify/certificate/verify-certificate.ts";
import { attachedFile, isPdf } from "../../../workflows/erasure/certificate/attached-file.ts";
import { certificatePdf } from "../../../workflows/erasure/certificate/certificate-pdf.ts";
import { runsOf } from "../../../workflows/erasure/certificate/fonts.ts";
import { deviceLines } from "../../../workflows/erasure/certificate/sentences.ts";
import {
  certificateBody,
  signedCertificate,
  tenantLog,
  TENANT_LOG,
} from "../../support/certificates.ts";

const log = tenantLog();
const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

test("the PDF carries the signed file byte for byte, and is the same each time", async () => {
  const file = await signedCertificate(log);
  const pdf = await certificatePdf(file);
  expect(isPdf(pdf) && !isPdf(file)).toBe(true);
  const attached = attachedFile(pdf)!;
  expect(Buffer.from(attached)).toEqual(Buffer.from(file));
  verifyCertificate(nodeChecks, attached, { trusted: [log.key] });
  expect(Buffer.from(await certificatePdf(file)).equals(pdf)).toBe(true);
  const text = latin1(pdf);
  // ISO 19005-3: conformance is claimed, the file is associated, every font is embedded.
  expect(text).toMatch(/pdfaid:part>3<[^]*pdfaid:conformance>B</);
  expect(text).toMatch(/\/AFRelationship \/Source/);
  expect(text).not.toMatch(/\/BaseFont \/Helvetica/);
  if (process.env["SHOW_PDF"] !== undefined) await writeFile(process.env["SHOW_PDF"], pdf);
});

test("a long certificate breaks over pages, and a citation may be in other scripts", async () => {
  const body = await certificateBody(log);
  const [erased] = body.erased;
  const [restricted] = body.restricted;
  const citation = "Член 17 · άρθρο 17 · Zákon č. 110/2019 · 第十七条";
  const file = await signCertificate(log.signer, TENANT_LOG, {
    ...body,
    erased: Array.from({ length: 300 }, () => erased!),
    restricted: [{ ...restricted!, citation }],
  });
  const pdf = await certificatePdf(file);
  expect(latin1(pdf).match(/\/Type \/Page\b/g)!.length).toBeGreaterThan(2);
  expect(runsOf(citation).map(({ script }) => script)).toEqual(
    expect.arrayContaining(["cyrillic", "latin", "greek", "latin-ext"]),
  );
  expect(Buffer.from(attachedFile(pdf)!)).toEqual(Buffer.from(file));
  if (process.env["SHOW_PDF"] !== undefined)
    await writeFile(`${process.env["SHOW_PDF"]}.long`, pdf);
});

test("a device confirms for its own store, and the page says what it does not say", async () => {
  const body = await certificateBody(log);
  const [device] = body.devices;
  const devices = [{ ...device!, acknowledgedAtMs: 1 }];
  expect(deviceLines({ ...body, devices, signature: "" })).toEqual([
    "1 of 1 confirmed that they removed the messages from their stores.",
    "What people, applications or a records archive keep outside of these stores is not erased by this.",
  ]);
});

test("what is no PDF of ours has no attached file", async () => {
  const pdf = await certificatePdf(await signedCertificate(log));
  expect(attachedFile(pdf.subarray(0, 700))).toBeUndefined();
  expect(attachedFile(Buffer.concat([pdf, pdf]))).toBeUndefined();
  const broken = Buffer.from(latin1(pdf).replace("/EmbeddedFile", "/EmbeddedFool"), "latin1");
  expect(attachedFile(broken)).toBeUndefined();
});

test("the command verifies the file and the PDF, and refuses what carries no certificate", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-certificate-"));
  const [json, pdf] = [join(folder, "certificate.json"), join(folder, "certificate.pdf")];
  const file = await signedCertificate(log);
  await writeFile(json, file);
  await writeFile(pdf, await certificatePdf(file));
  const key = [formatVkey(nodeChecks.sha256, log.key)];
  const text = await verifyCertificateFile(json, { key });
  expect(text).toMatch(/^Verified with the key of desk.example.audit.t.demo: 2 entries/);
  expect(text).toContain("kept for a legal hold (GDPR Article 17(3)(e))");
  expect(await verifyCertificateFile(pdf, { key })).toBe(text);
  const shown = JSON.parse(await verifyCertificateFile(pdf, { key, json: true }));
  const { digest } = verifyCertificate(nodeChecks, file, { trusted: [log.key] });
  const asJson = Buffer.from(digest).toString("base64");
  expect(shown).toMatchObject({ verified: true, origin: TENANT_LOG, entries: 2, digest: asJson });
  expect(text).toContain(`SHA-256 of the signed text: ${Buffer.from(digest).toString("hex")}`);
  await expect(verifyCertificateFile(pdf, { key, revoked: key })).rejects.toMatchObject({
    code: "revoked_key",
  });
  await writeFile(pdf, "%PDF-1.7\n%%EOF\n");
  await expect(verifyCertificateFile(pdf, { key })).rejects.toThrow("carries no certificate");
  await expect(verifyCertificateFile(folder, { key })).rejects.toThrow("cannot be read");
  await rm(folder, { recursive: true });
});
