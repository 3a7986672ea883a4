import {
  SealdeskError,
  type AttachmentItem,
  type Conversation,
  type EvidencedEvent,
} from "../../client/index.ts";
import { decodePayload } from "../../crypto/device/payload.ts";
import type { Archive } from "../records/archive.ts";
import type { Archived, ArchivedEvent } from "../records/archived-event.ts";
import { basisOf, type BasisDeps } from "./basis.ts";
import { captureFile } from "./capture-file.ts";

/** Returns what the archive keeps of an event; undefined for nothing. */
export async function archivedOf(
  deps: BasisDeps & { readonly archive: Archive },
  conversation: Conversation,
  { seq, items, evidence }: EvidencedEvent,
): Promise<Archived | undefined> {
  const gap = items.find((item) => item.kind === "gap");
  if (gap !== undefined) return { type: "gap", seq, from: gap.from, reason: gap.reason };
  if (evidence === undefined) return undefined;
  const { payload, frankingKey, signature, control, sender, ...rest } = evidence;
  const problems = items.flatMap((item) => (item.kind === "problem" ? [item.code] : []));
  const logged = {
    type: "event",
    seq,
    kind: rest.kind,
    senderDevice: rest.senderDevice,
    epoch: rest.epoch,
    keyId: rest.keyId,
    clientMessageId: rest.clientMessageId,
    receivedAtMs: rest.receivedAtMs,
    digest: rest.digest,
    commitment: rest.commitment,
    frankingTag: rest.frankingTag,
    previousHash: rest.previousHash,
    transcriptHash: rest.transcriptHash,
    ...(sender !== undefined && { sender }),
    ...(control !== undefined && { control }),
    problems,
  } as const;
  if (payload === undefined || frankingKey === undefined) return logged;
  const basis = await basisOf(deps, conversation, rest.receivedAtMs);
  if (basis.withheld !== undefined) return { ...logged, ...basis };
  const content = { payload, frankingKey, ...(signature !== undefined && { signature }) };
  const file = items.find((item) => item.kind === "attachment");
  const kept: Kept =
    file === undefined ? {} : await fileOf(deps.archive, conversation, payload, file);
  return {
    ...logged,
    ...basis,
    content,
    ...(kept.file !== undefined && { file: kept.file }),
    problems: [...problems, ...(kept.problem === undefined ? [] : [kept.problem])],
  };
}

/** What became of the file of a message. */
interface Kept {
  readonly file?: ArchivedEvent["file"];
  readonly problem?: string;
}

/** A file that is gone, or is not what its message names, is noted. The message is kept without it. */
async function fileOf(
  archive: Archive,
  { id: conversation }: Conversation,
  payload: Uint8Array,
  item: AttachmentItem,
): Promise<Kept> {
  const { body } = decodePayload(payload);
  if (body.kind !== "attachment") return {};
  const { id } = body.attachment;
  try {
    return { file: { id, pieces: await captureFile(archive, conversation, id, item) } };
  } catch (error) {
    const code = error instanceof SealdeskError ? error.code : undefined;
    if (code !== "attachment_not_found" && code !== "attachment_damaged") throw error;
    return { problem: code };
  }
}
