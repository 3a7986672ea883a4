import { createHash } from "node:crypto";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { ArchiverError } from "../archiver-error.ts";
import type { Archive } from "../records/archive.ts";
import type { ArchivedEvent } from "../records/archived-event.ts";
import { bodyOf } from "../records/body-of.ts";

/** What the archive has of the file that a message names. */
export type CheckedFile =
  | { readonly state: "none" | "right" | "lacking" }
  | { readonly state: "missing" | "altered"; readonly text: string };

/**
 * Reads the file of a message, and compares its size and its SHA-256 with those in the message, to which the sender
 * committed. The result is `lacking` if the archive says that the archiver's device could not get the file.
 */
export async function checkFile(
  archive: Pick<Archive, "readFile">,
  conversation: ConversationId,
  event: ArchivedEvent,
): Promise<CheckedFile> {
  const body = bodyOf(event);
  const { file } = event;
  if (body?.kind !== "attachment")
    return file === undefined
      ? { state: "none" }
      : { state: "altered", text: "its message has no file, and the record names one" };
  if (file === undefined) return { state: "lacking" };
  const { id, size, plaintextDigest } = body.attachment;
  if (file.id !== id) return { state: "altered", text: "its record names the file of another" };
  const digest = createHash("sha256");
  let length = 0;
  try {
    for await (const piece of archive.readFile(conversation, file)) {
      digest.update(piece);
      length += piece.length;
    }
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    const isMissing = error.code === "piece_missing";
    return { state: isMissing ? "missing" : "altered", text: error.message.replace(/[.]$/, "") };
  }
  return length === size && equalBytes(digest.digest(), plaintextDigest)
    ? { state: "right" }
    : { state: "altered", text: "its file is not the one that the message names" };
}
