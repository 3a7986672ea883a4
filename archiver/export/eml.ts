import { concat, utf8 } from "../../crypto/wire/bytes.ts";
import { labelOf, type ExportedMessage, type Participant } from "./exported-message.ts";

/**
 * Yields a message as RFC 5322 with MIME (RFC 2045 to 2047, 2231), in parts, because a file may be larger than a string.
 * Accounts have addresses below `sealdesk.invalid` (RFC 2606), because the archive knows no e-mail addresses.
 * @param pieces the content of the message's file; undefined if there is none
 */
export async function* writeEml(
  message: ExportedMessage,
  pieces: AsyncIterable<Uint8Array> | undefined,
): AsyncGenerator<string, void, undefined> {
  const { conversation, seq, text, file } = message;
  const boundary = `part-${conversation}-${seq}`;
  yield lines(headersOf(message));
  if (file !== undefined)
    yield lines([`Content-Type: multipart/mixed; boundary="${boundary}"`, "", `--${boundary}`]);
  yield lines([
    "Content-Type: text/plain; charset=utf-8",
    ...encoding,
    ...base64(utf8(textOf(message, text))),
  ]);
  if (file === undefined) return;
  if (pieces !== undefined) {
    const type = `Content-Type: ${mediaTypeOf(file.type)}`;
    const disposition = `Content-Disposition: attachment${fileName(file.name)}`;
    yield lines(["", `--${boundary}`, type, disposition, ...encoding]);
    for await (const bytes of inWholeLines(pieces)) yield lines(base64(bytes));
  }
  yield lines(["", `--${boundary}--`]);
}

function headersOf(message: ExportedMessage): readonly string[] {
  const { conversation, seq, atMs, from, to, about, missing, problems } = message;
  const idOf = (number: number) => `<${number}.${conversation}@sealdesk.invalid>`;
  return [
    `Message-ID: ${idOf(seq)}`,
    `Date: ${new Date(atMs).toUTCString().replace("GMT", "+0000")}`,
    `From: ${addressOf(from)}`,
    `To: ${to.length === 0 ? "undisclosed-recipients:;" : to.map(addressOf).join(",\r\n ")}`,
    `Subject: Conversation ${conversation}`,
    ...(about === undefined ? [] : [`In-Reply-To: ${idOf(about.seq)}`]),
    ...(about === undefined
      ? []
      : [`X-Sealdesk-${about.counts ? "" : "Refused-"}Revision: ${about.as} ${about.seq}`]),
    `X-Sealdesk-Conversation: ${conversation}`,
    `X-Sealdesk-Sequence: ${seq}`,
    ...(missing === undefined ? [] : [`X-Sealdesk-Not-Captured: ${missing}`]),
    ...problems.map((code) => `X-Sealdesk-Problem: ${code}`),
    "MIME-Version: 1.0",
  ];
}

const addressOf = (who: Participant | undefined): string =>
  who === undefined
    ? '"unknown" <unknown@sealdesk.invalid>'
    : `"${who.role.replaceAll(/[^\w -]/g, "")}" <${who.user}@sealdesk.invalid>`;

/** What a reader without the headers must see, too. */
const textOf = ({ about, missing, file }: ExportedMessage, text: string): string => {
  if (missing !== undefined) return `[not captured: ${missing}]`;
  if (about !== undefined) return `${labelOf(about)}\n${text}`.trimEnd();
  return file === undefined ? text : `[file: ${oneLine(file.name)}, ${file.size} bytes]`;
};

const oneLine = (text: string): string => text.replaceAll(/\p{Cc}/gu, " ");

const lines = (each: readonly string[]): string => each.map((line) => `${line}\r\n`).join("");

const encoding = ["Content-Transfer-Encoding: base64", ""] as const;
/** The bytes of a line of base64, which has 76 characters (RFC 2045 section 6.8). */
const lineBytes = 57;

const base64 = (bytes: Uint8Array): readonly string[] =>
  Buffer.from(bytes)
    .toString("base64")
    .match(/.{1,76}/g) ?? [];

/** Yields the same bytes, each time as many as fill lines, and the rest at the end. */
async function* inWholeLines(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let rest = new Uint8Array(0);
  for await (const piece of pieces) {
    const bytes = concat(rest, piece);
    const whole = bytes.length - (bytes.length % lineBytes);
    yield bytes.subarray(0, whole);
    rest = bytes.slice(whole);
  }
  yield rest;
}

/** A sender chose it. Anything that is not a plain media type becomes one for unknown bytes. */
const mediaTypeOf = (type: string): string =>
  /^[a-z0-9][\w.+-]*\/[a-z0-9][\w.+-]*$/i.test(type) ? type : "application/octet-stream";

/** The parameter `filename` in parts of at most 60 characters (RFC 2231 sections 3 and 4). */
function fileName(name: string): string {
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const parts = encoded.match(/(?:%..|[^%]){1,60}/g) ?? [""];
  return parts
    .map((each, index) => `;\r\n filename*${index}*=${index === 0 ? "utf-8''" : ""}${each}`)
    .join("");
}
