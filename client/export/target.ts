import { withMethods } from "../arguments.ts";
import type { ManifestPart } from "../../audit/verify/export/manifest.ts";

/** A part of the archive as it is kept. */
export type WrittenPart = ManifestPart;

/**
 * Where the archive is kept. `exportFolder` of `@sealdesk/client/node` encrypts it with age and keeps it in a folder. An
 * application for browsers gives its own. Until the manifest is written, the archive is not complete.
 */
export interface ExportTarget {
  /**
   * Keeps a part: a tar archive. Resolves when it is durable. A part of the same number that is there already is replaced.
   * @param number from 1 on
   */
  writePart(number: number, content: AsyncIterable<Uint8Array>): Promise<WrittenPart>;
  /** Returns whether a part is there as it was written. */
  hasPart(number: number, part: WrittenPart): Promise<boolean>;
  /** Keeps the signed manifest, when all parts are there. */
  writeManifest(file: Uint8Array): Promise<void>;
}

export const exportTarget = withMethods(
  "a place for the archive, such as `exportFolder` returns",
  "writePart",
  "hasPart",
  "writeManifest",
);

/** How far a copy is. */
export interface ExportProgress {
  /** Events that are written. */
  readonly written: number;
  /** All events; undefined while the server packs them. */
  readonly events: number | undefined;
}
