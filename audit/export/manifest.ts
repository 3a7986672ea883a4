import { z } from "zod";
import { canonicalJson } from "../../crypto/wire/canonical-json.ts";
import type { LogSigner } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { signaturesOf } from "../sign-note.ts";
import { formatNote, assertSignature, parseNote, type NoteKey } from "../verify/note.ts";
import { LogError } from "../verify/log-error.ts";
import { lineFormatNames, lineFormats, type LineFormatName } from "./formats.ts";

const manifestSchema = z.object({
  origin: z.string(),
  format: z.enum(["tiles", ...lineFormatNames]),
  /** SHA-256 of the file in hex. Tiles have none, because the checkpoint covers them. */
  sha256: z.hex().length(64).optional(),
  entries: z.int().nonnegative(),
  minimumIndex: z.int().nonnegative(),
  /** The filter of the export. Empty if the whole log was exported. */
  filter: z.record(z.string(), z.union([z.string(), z.number()]).optional()),
  /** The signed checkpoint that the export ends with. */
  checkpoint: z.string(),
});

/** The export's content, its log, and its tree head. */
export type Manifest = z.infer<typeof manifestSchema>;

/** Returns the file beside the manifest that holds the entries. */
export const fileOf = (format: LineFormatName): string =>
  `entries.${lineFormats[format].extension}`;

// A checkpoint never begins with this line and never has JSON in its second line. So one key may
// sign both.
const header = "sealdesk-audit-export/v1\n";

/** Returns a signed note of the log's key over the manifest. */
export async function signManifest(signer: LogSigner, manifest: Manifest): Promise<string> {
  const text = `${header}${canonicalJson(manifest)}\n`;
  return formatNote(text, await signaturesOf(signer, manifest.origin, text));
}

/** @throws LogError malformed, unsigned, wrong_signature */
export function openManifest(note: Uint8Array, key: NoteKey): Manifest {
  const parsed = parseNote(note);
  assertSignature(nodeChecks, parsed, key);
  if (!parsed.text.startsWith(header))
    throw new LogError("malformed", "manifest", "not a manifest of an export.");
  try {
    return manifestSchema.parse(JSON.parse(parsed.text.slice(header.length)));
  } catch (cause) {
    throw new LogError("malformed", "manifest", "does not say what was exported.", { cause });
  }
}
