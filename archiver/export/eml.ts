import { utf8 } from "../../crypto/wire/bytes.ts";
import { labelOf, type ExportedMessage, type Participant } from "./exported-message.ts";

/**
 * Writes a message as RFC 5322 with MIME (RFC 2045 to 2047, 2231). Accounts have addresses below `sealdesk.invalid`
 * (RFC 2606), because the archive knows no e-mail addresses.
 * @param bytes the content of the message's file; undefined if there is none
 */
export function writeEml(message: ExportedMessage, bytes: Uint8Array | undefined): string {
  const { conversation, seq, atMs, from, to, text, file, about, missing, problems } = message;
  const idOf = (number: number) => `<${number}.${conversation}@sealdesk.invalid>`;
  const boundary = `part-${conversation}-${seq}`;
  const headers = [
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
  const body = part(["Content-Type: text/plain; charset=utf-8"], utf8(textOf(message, text)));
  if (file === undefined) return `${headers.join("\r\n")}\r\n${body}`;
  const disposition =
    bytes === undefined
      ? []
      : [
          `--${boundary}`,
          part(
            [
              `Content-Type: ${mediaTypeOf(file.type)}`,
              `Content-Disposition: attachment${fileName(file.name)}`,
            ],
            bytes,
          ),
        ];
  return [
    ...headers,
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    "",
    `--${boundary}`,
    body,
    ...disposition,
    `--${boundary}--`,
    "",
  ].join("\r\n");
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

function part(headers: readonly string[], bytes: Uint8Array): string {
  const lines = base64(bytes).match(/.{1,76}/g) ?? [];
  return [...headers, "Content-Transfer-Encoding: base64", "", ...lines, ""].join("\r\n");
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

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
