import { fromUtf8, utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import type { LogSigner } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import {
  formatNote,
  insistOnSignature,
  keyIdOf,
  KEY_TYPES,
  parseNote,
  type NoteKey,
} from "../verify/note.ts";
import { LogError } from "../verify/log-error.ts";

/** What was exported, from where, and by which tree head. */
export interface Manifest {
  readonly [name: string]: CanonicalValue | undefined;
  readonly origin: string;
  readonly format: string;
  /** SHA-256 of the file, in hex; none for tiles, which the checkpoint covers. */
  readonly sha256?: string;
  readonly entries: number;
  /** The signed checkpoint up to which was exported. */
  readonly checkpoint: string;
}

// No checkpoint begins so, and none has JSON in its second line: one key may sign both.
const header = "sealdesk-audit-export/v1\n";

/** A signed note of the log's key over the manifest. */
export async function signManifest(signer: LogSigner, manifest: Manifest): Promise<string> {
  const text = `${header}${canonicalJson(manifest)}\n`;
  const name = manifest.origin;
  const key: NoteKey = { name, type: KEY_TYPES.ed25519, publicKey: signer.publicKey };
  const keyId = keyIdOf(nodeChecks.sha256, key);
  return formatNote(text, [{ name, keyId, signature: await signer.sign(utf8(text)) }]);
}

/** @throws LogError malformed, unsigned, wrong_signature */
export function openManifest(note: Uint8Array, key: NoteKey): Manifest {
  const parsed = parseNote(fromUtf8(note));
  insistOnSignature(nodeChecks, parsed, key);
  if (!parsed.text.startsWith(header))
    throw new LogError("malformed", "manifest", "not a manifest of an export.");
  return JSON.parse(parsed.text.slice(header.length)) as Manifest;
}
