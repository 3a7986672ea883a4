import * as z from "zod/mini";
import { wireLimits } from "../crypto/wire/frame.ts";
import { documentation } from "./documentation.ts";
import {
  bytes,
  caseId,
  conversationId,
  count,
  milliseconds,
  openEnum,
  wholeNumber,
} from "./values.ts";

/** The most parts of a copy. */
const MOST_PARTS = 10_000;

export const newExport = z
  .strictObject({
    /** You make it. If you repeat the request with it, one export is begun. */
    id: caseId,
  })
  .register(documentation, { id: "NewExport" });

export const exportParams = z.strictObject({ id: caseId });
export const exportPageParams = z.strictObject({
  id: caseId,
  number: wholeNumber("The number of the page, from 0 on", { maximum: 999_999 }),
});

export const shownExport = z
  .object({
    state: openEnum(["planning", "packing", "ready", "completed", "superseded", "expired"]),
    /** Why the present step could not be done when it was last tried: a code. */
    pending: z.nullable(z.string()),
    packedAtMs: z.nullable(milliseconds),
    /** Empty until all are packed. */
    pages: z.array(
      z.object({
        conversation: conversationId,
        fromSeq: count,
        untilSeq: count,
        /** How many of its events can still be opened. */
        events: count,
        /** The Merkle root over their transcript hashes. */
        root: bytes(32),
        /** The last of these hashes. */
        head: z.nullable(bytes(32)),
      }),
    ),
  })
  .register(documentation, { id: "Export" });

/** The record of a person with very many consents and disclosures is smaller. */
const MOST_RECORD_BYTES = 64 * 1024 * 1024;

export const takenRecord = z
  .object({
    /** Canonical JSON (RFC 8785). */
    record: bytes(MOST_RECORD_BYTES, "at most"),
    /** The schemas of the files of a copy. */
    schemas: z.array(
      z.object({
        path: z.string().check(z.regex(/^schema\/[a-z]{1,20}\.json$/)),
        /** JSON Schema 2020-12. */
        text: z.string(),
      }),
    ),
  })
  .register(documentation, { id: "TakenRecord" });

export const takenPage = z
  .object({
    /** Frames `deliver` without packets, in the order of the events. */
    frames: z.array(bytes(wireLimits.frame, "at most")),
  })
  .register(documentation, { id: "TakenPage" });

export const completedExport = z
  .strictObject({
    /** SHA-256 of the record, as you received it. */
    record: bytes(32),
    /** SHA-256 of `files.json`. */
    files: bytes(32),
    parts: z
      .array(z.strictObject({ bytes: count, digest: bytes(32) }))
      .check(z.maxLength(MOST_PARTS)),
  })
  .register(documentation, { id: "CompletedExport" });

/** A manifest of the most pages and parts is smaller. */
const MOST_FILE_BYTES = 64 * 1024 * 1024;

export const exportManifest = z
  .object({ file: bytes(MOST_FILE_BYTES, "at most") })
  .register(documentation, { id: "ExportManifest" });
