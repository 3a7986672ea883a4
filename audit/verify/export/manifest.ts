/** The manifest of a copy of a person's data, as its file holds it: docs/export.md describes every field. */
import { canonicalJson } from "../../../crypto/wire/canonical-json.ts";
import { fromUtf8, utf8 } from "../../../crypto/wire/bytes.ts";
import type { ConversationId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import {
  count,
  digest,
  id,
  line,
  lines,
  listOf,
  malformed,
  oneOf,
  orNull,
  record,
  time,
} from "../certificate/strict-reader.ts";

export const EXPORT_TYPE = "sealdesk-export/v1";

/** A run of events of one conversation, both ends included. */
export type ManifestPage = {
  readonly conversation: ConversationId;
  readonly fromSeq: number;
  readonly untilSeq: number;
  /** How many of its events could still be opened. */
  readonly events: number;
  /** The Merkle root over the transcript hashes of these events (RFC 9162 section 2.1.1), in base64. */
  readonly root: string;
  /** The last of these transcript hashes, in base64; null if there is none. */
  readonly head: string | null;
};

/** A file of the archive as the device wrote it. */
export type ManifestPart = { readonly bytes: number; readonly digest: string };

/** What is signed. Times are milliseconds since the Unix epoch, and hashes SHA-256 in base64. */
export interface ManifestBody {
  readonly type: typeof EXPORT_TYPE;
  readonly tenant: TenantId;
  /** The case of the export, and the request that it answers. */
  readonly case: Uuid;
  readonly request: Uuid;
  /** The pseudonymous id of the person. */
  readonly subject: UserId;
  /** "access" or "portability". */
  readonly right: string;
  readonly packedAtMs: number;
  readonly signedAtMs: number;
  readonly pages: readonly ManifestPage[];
  /** How many events all pages have. */
  readonly events: number;
  /** The Merkle root over the roots of the pages. */
  readonly root: string;
  /** The hash of `data/record.json`, which the server wrote. */
  readonly record: string;
  /** The hash of `files.json`, which lists the hash of every other file. */
  readonly files: string;
  /** The parts of the sealed archive, in their order. */
  readonly parts: readonly ManifestPart[];
}

/** The file: what is signed, and a signed note with the hash of every field. */
export interface Manifest extends ManifestBody {
  readonly signature: string;
}

const MOST_PAGES = 1_000_000;
/** The most parts of an archive. */
const MOST_PARTS = 10_000;
const LONGEST_NOTE = 100_000;

const readManifest = record<Manifest>({
  type: oneOf([EXPORT_TYPE]),
  tenant: id<TenantId>(),
  case: id<Uuid>(),
  request: id<Uuid>(),
  subject: id<UserId>(),
  right: line(40),
  packedAtMs: time,
  signedAtMs: time,
  pages: listOf(
    record<ManifestPage>({
      conversation: id<ConversationId>(),
      fromSeq: count,
      untilSeq: count,
      events: count,
      root: digest,
      head: orNull(digest),
    }),
    MOST_PAGES,
  ),
  events: count,
  root: digest,
  record: digest,
  files: digest,
  parts: listOf(record<ManifestPart>({ bytes: count, digest }), MOST_PARTS),
  signature: lines(LONGEST_NOTE),
});

/** Returns the bytes of the file: canonical JSON (RFC 8785) and a newline. */
export const encodeManifest = (manifest: Manifest): Uint8Array =>
  utf8(`${canonicalJson({ ...manifest })}\n`);

/**
 * Reads the file. It does not verify any signature: `verifyManifest` does.
 * @throws LogError malformed, naming the field
 */
export function decodeManifest(file: Uint8Array): Manifest {
  let text: string;
  let parsed: unknown;
  try {
    text = fromUtf8(file);
    parsed = JSON.parse(text);
  } catch (cause) {
    throw malformed("manifest", "is not JSON in UTF-8, so it is damaged.", cause);
  }
  const manifest = readManifest(parsed, "manifest");
  if (`${canonicalJson({ ...manifest })}\n` !== text)
    throw malformed("manifest", "is not in its canonical form, so bytes of it were changed.");
  return manifest;
}
