import { buffer } from "node:stream/consumers";
import PdfDocument from "pdfkit";
import { encode } from "uqr";
import { nodeChecks } from "../../../audit/node-checks.ts";
import {
  decodeCertificate,
  type Certificate,
} from "../../../audit/verify/certificate/certificate.ts";
import { certificateDigest } from "../../../audit/verify/certificate/signed-digests.ts";
import { toHex } from "../../../crypto/wire/bytes.ts";
import { fontName, readFonts, runsOf, type Weight } from "./fonts.ts";
import {
  consumerLines,
  deviceLines,
  erasedLines,
  factsOf,
  leadOf,
  restrictedLines,
  storeLines,
} from "./sentences.ts";

const MARGIN = 56;
const INK = "#16181d";
const GREY = "#5b616e";
/** The side of the QR code, in points. */
const CODE = 104;
const LABEL_WIDTH = 150;
/** A section shows so many lines. The signed file has all of them. */
const MOST_LINES = 100;

/**
 * Writes a certificate as a page for people: PDF/A-3b (ISO 19005-3), with the signed file
 * `certificate.json` attached byte for byte. The page itself proves nothing; the file does.
 * @param file the bytes of the certificate's file
 * @returns the bytes of the PDF. The same file gives the same bytes
 * @throws LogError malformed
 */
export async function certificatePdf(file: Uint8Array): Promise<Uint8Array> {
  const certificate = decodeCertificate(file);
  const date = new Date(certificate.certifiedAtMs);
  const doc = new PdfDocument({
    size: "A4",
    margin: MARGIN,
    pdfVersion: "1.7",
    subset: "PDF/A-3b",
    lang: "en",
    displayTitle: true,
    info: {
      Title: "Certificate of erasure",
      Author: "Sealdesk",
      CreationDate: date,
      ModDate: date,
    },
  });
  const bytes = buffer(doc);
  for (const [name, font] of await readFonts()) doc.registerFont(name, font);
  const sha256 = toHex(certificateDigest(nodeChecks.sha256, certificate));
  writePage(doc, certificate, sha256);
  doc.file(file, {
    name: "certificate.json",
    type: "application/json",
    description: "The signed certificate",
    relationship: "Source",
    creationDate: date,
    modifiedDate: date,
  });
  doc.end();
  return bytes;
}

function writePage(doc: PdfDocument, certificate: Certificate, sha256: string): void {
  const width = doc.page.width - 2 * MARGIN;
  drawCode(doc, `sealdesk:certificate:sha256:${sha256}`, MARGIN + width - CODE, MARGIN);
  doc.fontSize(20);
  write(doc, "bold", "Certificate of erasure", { width: width - CODE - 24 });
  doc.moveDown(0.6).fontSize(10);
  write(doc, "body", leadOf(certificate), { width: width - CODE - 24, lineGap: 2 });
  doc.y = Math.max(doc.y, MARGIN + CODE) + 18;
  for (const [label, value] of factsOf(certificate)) writeFact(doc, label, value, width);
  writeSection(doc, "Erased", erasedLines(certificate), width);
  writeSection(doc, "Kept under law", restrictedLines(certificate), width);
  writeSection(doc, "Stores that have answered", storeLines(certificate), width);
  writeSection(doc, "Devices of other members", deviceLines(certificate), width);
  writeSection(doc, "Systems of the organisation", consumerLines(certificate), width);
  writeSection(doc, "What this does not say", NOT_SAID, width);
  writeSection(doc, "Verify it yourself", verification(certificate, sha256), width);
}

const NOT_SAID = [
  "People remember what they have read, and may have copied it. Backups of the keystore are covered by the date above only.",
];

const verification = ({ entries }: Certificate, sha256: string): readonly string[] => [
  `The signed file certificate.json is attached to this PDF. It holds ${entries.length} entries of the audit log with proofs.`,
  "Run: sealdesk verify certificate THIS-FILE --key KEY. Use the key of the audit log that the organisation gave you by another way.",
  `SHA-256 of its signed text, which the command prints: ${sha256}`,
];

function writeSection(
  doc: PdfDocument,
  title: string,
  lines: readonly string[],
  width: number,
): void {
  if (lines.length === 0) return;
  doc.y += 14;
  keepTogether(doc, 48);
  doc
    .lineWidth(0.5)
    .moveTo(MARGIN, doc.y)
    .lineTo(MARGIN + width, doc.y)
    .stroke(GREY);
  doc.y += 8;
  doc.x = MARGIN;
  doc.fontSize(11);
  write(doc, "bold", title, { width });
  doc.fontSize(9);
  for (const line of lines.slice(0, MOST_LINES)) {
    doc.y += 3;
    write(doc, "body", line, { width, lineGap: 1.5 });
  }
  const more = lines.length - MOST_LINES;
  if (more > 0) write(doc, "body", `${more} more are in certificate.json.`, { width });
}

function writeFact(doc: PdfDocument, label: string, value: string, width: number): void {
  keepTogether(doc, 16);
  const { y } = doc;
  doc
    .fontSize(9)
    .fillColor(GREY)
    .font(fontName("body", "latin"))
    .text(label, MARGIN, y, { width: LABEL_WIDTH });
  doc.x = MARGIN + LABEL_WIDTH;
  doc.y = y;
  write(doc, "body", value, { width: width - LABEL_WIDTH });
  doc.x = MARGIN;
  doc.y += 2;
}

/** Writes a text whose runs may need several fonts. */
function write(
  doc: PdfDocument,
  weight: Weight,
  text: string,
  options: { readonly width: number; readonly lineGap?: number },
): void {
  doc.fillColor(INK);
  const runs = runsOf(text);
  for (const [index, run] of runs.entries())
    doc
      .font(fontName(weight, run.script))
      .text(run.text, { ...options, continued: index < runs.length - 1 });
}

function keepTogether(doc: PdfDocument, points: number): void {
  if (doc.y + points > doc.page.height - doc.page.margins.bottom) doc.addPage();
}

/** Draws a QR code (ISO/IEC 18004) as rectangles, so that it needs no image and prints sharply. */
function drawCode(doc: PdfDocument, text: string, x: number, y: number): void {
  const { data, size } = encode(text, { ecc: "M", border: 0 });
  const unit = CODE / size;
  for (const [row, cells] of data.entries())
    for (const [column, isDark] of cells.entries())
      if (isDark) doc.rect(x + column * unit, y + row * unit, unit, unit);
  doc.fill(INK);
}
