/** Headers of uploads, which are tus 1.0 with creation and termination, and of downloads. */
import * as z from "zod/mini";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../crypto/wire/bytes.ts";
import { documentation } from "./documentation.ts";
import { attachmentId, conversationId, wholeNumber } from "./values.ts";

const maximum = 10 ** 13 - 1;
// Another version is refused with a code of its own.
const tusResumable = z
  ._default(z.string().check(z.maxLength(16)), "")
  .register(documentation, { description: "Must be 1.0.0" });
/** A header of a tus extension that is not served. */
const notServed = z
  .optional(z.undefined())
  .register(documentation, { type: "string", description: "Not served: it is refused" });

/** How many bytes of an upload the server has, in a request or an answer. */
export const uploadOffset = wholeNumber("Where the bytes belong", { maximum });

/** Upload-Metadata (tus 1.0, creation): keys, each once, with values in base64. */
export const uploadMetadata = z
  .codec(
    z.string().check(z.maxLength(1024)),
    z.object({ conversation: conversationId, id: z.optional(attachmentId) }),
    {
      decode(header, payload) {
        const pairs = pairsOf(header);
        if (pairs === undefined) {
          payload.issues.push({ code: "custom", input: header });
          return z.NEVER;
        }
        return {
          conversation: textOf(pairs.get("conversation")) ?? "",
          id: textOf(pairs.get("id")),
        };
      },
      encode: ({ conversation, id }) =>
        [pair("conversation", conversation), ...(id === undefined ? [] : [pair("id", id)])].join(),
    },
  )
  .register(documentation, {
    type: "string",
    description: "`conversation`, a UUID, and `id`, if the server is not to choose it, in base64",
  });

export const tusHeaders = z.object({ "tus-resumable": tusResumable });

export const creationHeaders = z.object({
  "tus-resumable": tusResumable,
  "upload-length": wholeNumber("Bytes of ciphertext", { minimum: 1, maximum }),
  "upload-metadata": uploadMetadata,
  "upload-concat": notServed,
  "upload-defer-length": notServed,
});

export const patchHeaders = z.object({
  "tus-resumable": tusResumable,
  "upload-offset": uploadOffset,
  "upload-length": notServed,
});

export const downloadHeaders = z.object({
  range: z.optional(z.string().check(z.maxLength(200))),
});

const pairSyntax =
  /^(?<key>[!-+\--~]+)(?: (?<value>(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?))?$/;

/** Returns the values as they are, in base64. Those of other keys may be no text. */
function pairsOf(header: string): ReadonlyMap<string, string> | undefined {
  const known = new Map<string, string>();
  for (const pair of header.split(",")) {
    const { key, value = "" } = pairSyntax.exec(pair.trim())?.groups ?? {};
    if (key === undefined || known.has(key)) return undefined;
    known.set(key, value);
  }
  return known;
}

/** The text of base64 with padding, as tus has it. It is empty if the bytes are not UTF-8. */
function textOf(base64: string | undefined): string | undefined {
  if (base64 === undefined) return undefined;
  try {
    const url = base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    return fromUtf8(fromBase64Url(url));
  } catch {
    return "";
  }
}

const pair = (key: string, value: string): string => `${key} ${toBase64(utf8(value))}`;

/** Encodes base64 with padding, as tus requires. */
function toBase64(bytes: Uint8Array): string {
  const url = toBase64Url(bytes).replaceAll("-", "+").replaceAll("_", "/");
  return url.padEnd(Math.ceil(url.length / 4) * 4, "=");
}
