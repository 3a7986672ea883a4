import { toBase64 } from "../../audit/verify/base64.ts";
import { GrowingRoot } from "../../audit/verify/growing-root.ts";
import { leafHash } from "../../audit/verify/tree-hash.ts";
import type { ExportContent, ExportEvent } from "../../contract/export-files.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { linkHash } from "../../crypto/wire/event.ts";
import { decodeControl, decodeFrame, type Deliver, type Frame } from "../../crypto/wire/frame.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { attachmentFromFields } from "../../crypto/wire/payload-body.ts";
import type { HistoryRecord } from "../conversation/history.ts";
import { SealdeskError } from "../errors.ts";
import { maskNumbers } from "./archive/mask.ts";
import type { ExportPage } from "./export-api.ts";
import type { PageRecords } from "./page-records.ts";

/** The events of a page, with what this device recorded of them. */
export interface OpenedPage {
  readonly events: readonly ExportEvent[];
  /** The transcript hash of the last event, in base64; null if there is none. */
  readonly head: string | null;
}

interface PageContext extends PageRecords {
  readonly self: UserId;
  /** The last event before the page that was checked, if it is of the same conversation. */
  readonly last: { readonly seq: number; readonly hash: string } | undefined;
  /** Whether only what the person provided belongs to the copy (GDPR Article 20(1)). */
  readonly isOwnOnly: boolean;
  /** Returns where the copy has the attachment of an event, or why it has not. */
  readonly placeOf: (
    seq: number,
    name: string,
  ) => { readonly path: string | null; readonly missing: string | null };
}

/**
 * Checks the events of a page and opens them with this device's own records. Each hash must follow from its event, the events
 * from each other, and the Merkle root of the page from all of them. What this device recorded must be the same.
 * @throws SealdeskError export_altered, whose message names the place
 */
export function openPage(
  page: ExportPage,
  frames: readonly Uint8Array[],
  context: PageContext,
): OpenedPage {
  const tree = new GrowingRoot(sha256);
  let last: PageContext["last"] = context.last;
  const events = frames.map((frame) => {
    const event = deliverOf(page, frame, last?.seq ?? 0);
    const { seq, ciphertext, previousHash, commitment } = event;
    const ciphertextDigest = sha256(ciphertext);
    const hash = linkHash(sha256, previousHash, event, ciphertextDigest, commitment);
    if (!equalBytes(hash, event.transcriptHash)) throw altered(page, seq, "was changed");
    if (last?.seq === seq - 1 && last.hash !== toBase64(previousHash))
      throw altered(page, seq, "does not follow the event before it");
    const own = context.records.get(seq);
    if (own !== undefined && own.kind !== "gap" && !equalBytes(own.transcriptHash, hash))
      throw altered(page, seq, "is another one than this device received");
    tree.append(leafHash(sha256, hash));
    last = { seq, hash: toBase64(hash) };
    return exported(event, ciphertextDigest, own, context);
  });
  if (tree.size !== page.events || !equalBytes(tree.root(), page.root))
    throw new SealdeskError(
      "export_altered",
      `The events ${page.fromSeq} to ${page.untilSeq} of the conversation ${page.conversation} are not those that the server packed.`,
    );
  return { events, head: frames.length === 0 ? null : (last?.hash ?? null) };
}

function deliverOf(page: ExportPage, frame: Uint8Array, after: number): Deliver {
  let decoded: Frame;
  try {
    decoded = decodeFrame(frame);
  } catch (cause) {
    throw new SealdeskError("invalid_response", "The server's answer has a malformed event.", {
      cause,
    });
  }
  if (decoded.kind !== "deliver" || decoded.body.conversation !== page.conversation)
    throw altered(page, page.fromSeq, "is of another conversation");
  const { seq } = decoded.body;
  if (seq < page.fromSeq || seq > page.untilSeq || seq <= after)
    throw altered(page, seq, "is out of its place");
  return decoded.body;
}

const altered = ({ conversation }: ExportPage, seq: number, what: string): SealdeskError =>
  new SealdeskError("export_altered", `Event ${seq} of the conversation ${conversation} ${what}.`);

function exported(
  event: Deliver,
  ciphertextDigest: Uint8Array,
  own: HistoryRecord | undefined,
  context: PageContext,
): ExportEvent {
  const { seq, kind, receivedAtMs, senderDevice, epoch, keyId, clientMessageId } = event;
  const by = authorOf(event, own);
  return {
    seq,
    kind,
    receivedAtMs,
    by: by ?? null,
    device: senderDevice,
    epoch,
    keyId,
    messageId: clientMessageId,
    ciphertextDigest: toBase64(ciphertextDigest),
    commitment: toBase64(event.commitment),
    previousHash: toBase64(event.previousHash),
    transcriptHash: toBase64(event.transcriptHash),
    content:
      context.isOwnOnly && kind === "message" && by !== context.self
        ? { kind: "not_included" }
        : contentOf(event, own, context),
  };
}

const authorOf = (event: Deliver, own: HistoryRecord | undefined): UserId | undefined =>
  event.kind === "message" ? own?.sender : decodeControl(event.ciphertext).actor;

function contentOf(
  event: Deliver,
  own: HistoryRecord | undefined,
  { placeOf, refused }: PageContext,
): ExportContent {
  const isRefused = refused.has(event.seq);
  if (event.kind !== "message") {
    const { subject, members } = decodeControl(event.ciphertext);
    return { kind: "change", subject, members: members.map(({ user, role }) => ({ user, role })) };
  }
  if (own?.attachment !== undefined) {
    const { id, name, mediaType, size, plaintextDigest } = attachmentFromFields(own.attachment);
    const shown = maskNumbers(name).text;
    const digest = toBase64(plaintextDigest);
    const what = { id, name: shown, type: mediaType, bytes: size, digest };
    return { kind: "attachment", ...what, ...placeOf(event.seq, shown) };
  }
  if (own?.restored !== undefined) return { kind: "device_restored", lost: own.restored.lost };
  if (own?.about?.as === "deletion")
    return { kind: "deletion", seq: own.about.seq, ...(isRefused && { isRefused }) };
  if (own?.text !== undefined) {
    const { text, masked } = maskNumbers(own.text);
    const about =
      own.about === undefined
        ? null
        : { seq: own.about.seq, as: own.about.as, ...(isRefused && { isRefused }) };
    return { kind: "text", text, masked: [...masked], about };
  }
  return { kind: "not_opened", reason: own?.problems[0]?.code ?? "not_received" };
}
