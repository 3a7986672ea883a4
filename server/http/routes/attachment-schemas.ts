import { Metadata } from "@tus/server";
import { z } from "zod";
import { isUuid, type Uuid } from "../../../crypto/wire/uuid.ts";
import { HttpError } from "../http-error.ts";
import { uuid } from "../json-bytes.ts";

const count = z
  .string()
  .regex(/^\d{1,13}$/)
  .transform(Number)
  .meta({ type: "integer" });
const tusResumable = z.literal("1.0.0").meta({ description: "The version of tus" });

export const attachmentParams = z.strictObject({ id: uuid });
export const tusHeaders = z.object({ "tus-resumable": tusResumable });
export const creationHeaders = z.object({
  "tus-resumable": tusResumable,
  "upload-length": count.meta({ type: "integer", description: "Bytes of ciphertext" }),
  "upload-metadata": z.string().max(1024).meta({
    description: "`conversation`, a UUID, and, unless the server is to choose it, `id`, in base64",
  }),
});
export const patchHeaders = z.object({
  "tus-resumable": tusResumable,
  "upload-offset": count.meta({ type: "integer", description: "Where the bytes belong" }),
});

/** @throws HttpError invalid_request */
export function uploadMetadata(header: string): {
  readonly conversation: Uuid;
  readonly id: Uuid | undefined;
} {
  const { conversation, id } = parsed(header);
  if (typeof conversation !== "string" || !isUuid(conversation)) throw invalid("conversation");
  if (id === undefined) return { conversation, id };
  if (typeof id !== "string" || !isUuid(id)) throw invalid("id");
  return { conversation, id };
}

function parsed(header: string): Record<string, string | null> {
  try {
    return Metadata.parse(header);
  } catch {
    throw invalid("Upload-Metadata");
  }
}

const invalid = (place: string): HttpError =>
  new HttpError("invalid_request", `The request is not valid at header.upload-metadata, ${place}.`);
