import { z } from "zod";
import { uuid } from "../json-bytes.ts";

const count = z
  .string()
  .regex(/^(0|[1-9]\d{0,12})$/)
  .transform(Number);
// Another version is refused with a code of its own.
const tusResumable = z.string().max(16).default("").meta({ description: "Must be 1.0.0" });
/** A header of a tus extension that is not served. */
const notServed = z
  .undefined("this extension of tus is not served")
  .optional()
  .meta({ type: "string", description: "Not served: it is refused" });

export const attachmentParams = z.strictObject({ id: uuid });
export const tusHeaders = z.object({ "tus-resumable": tusResumable });
export const creationHeaders = z.object({
  "tus-resumable": tusResumable,
  "upload-length": count
    .refine((size) => size > 0)
    .meta({ type: "integer", description: "Bytes of ciphertext, at least one" }),
  "upload-metadata": z
    .string()
    .max(1024)
    .transform(metadataOf)
    .pipe(z.object({ conversation: uuid, id: uuid.optional() }))
    .meta({
      type: "string",
      description:
        "`conversation`, a UUID, and, unless the server is to choose it, `id`, in base64",
    }),
  "upload-concat": notServed,
  "upload-defer-length": notServed,
});
export const patchHeaders = z.object({
  "tus-resumable": tusResumable,
  "upload-offset": count.meta({ type: "integer", description: "Where the bytes belong" }),
  "upload-length": notServed,
});

const pairSyntax =
  /^(?<key>[!-+\--~]+)(?: (?<value>(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?))?$/;

/** Parses Upload-Metadata (tus 1.0, creation): keys, each once, with values in base64. */
function metadataOf(header: string, context: z.RefinementCtx): Record<string, string | undefined> {
  const known = new Map<string, string>();
  for (const pair of header.split(",")) {
    const { key, value = "" } = pairSyntax.exec(pair.trim())?.groups ?? {};
    if (key === undefined || known.has(key)) {
      context.addIssue({ code: "custom", message: "Not pairs of a key and a value in base64" });
      return z.NEVER;
    }
    known.set(key, Buffer.from(value, "base64").toString());
  }
  return { conversation: known.get("conversation"), id: known.get("id") };
}
