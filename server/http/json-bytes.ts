import { z } from "zod";
import { fromBase64Url, toBase64Url } from "../../crypto/wire/bytes.ts";
import { isUuid } from "../../crypto/wire/uuid.ts";

const isBytes = (value: unknown): value is Uint8Array => ArrayBuffer.isView(value);

/**
 * Bytes as base64url text without padding (RFC 4648 section 5), of exactly or at most `length`
 * bytes.
 */
export function bytes(length: number, measure: "exactly" | "at most" = "exactly") {
  const characters = Math.ceil((length * 4) / 3);
  const least = measure === "exactly" ? characters : 1;
  return z
    .codec(
      z
        .string()
        .min(least)
        .max(characters)
        .regex(/^[A-Za-z0-9_-]+$/, "Not base64url")
        // No byte string has an encoding of 4n + 1 characters.
        .refine((text) => text.length % 4 !== 1, "Not base64url"),
      z.custom<Uint8Array>(isBytes),
      { decode: fromBase64Url, encode: toBase64Url },
    )
    .meta({
      type: "string",
      contentEncoding: "base64url",
      description: `${measure === "exactly" ? "" : "At most "}${length} bytes`,
    });
}

/** Like `bytes`, or null. */
export const nullableBytes = (length: number) =>
  bytes(length)
    .nullable()
    .meta({
      type: ["string", "null"],
      contentEncoding: "base64url",
      description: `${length} bytes, or null`,
    });

/** A UUID of any version, in lower case. */
export const uuid = z
  .string()
  .refine(isUuid, "Not a UUID")
  .meta({ type: "string", format: "uuid" });

export const milliseconds = z
  .int()
  .min(0)
  .meta({ description: "Milliseconds since the Unix epoch" });
