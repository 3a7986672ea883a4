import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileOf, openManifest } from "../../../audit/export/manifest.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { openCheckpoint } from "../../../audit/verify/checkpoint.ts";
import { LogError } from "../../../audit/verify/log-error.ts";
import type { NoteKey } from "../../../audit/verify/note.ts";
import { readWhole } from "../../../audit/log-folder.ts";

/** Limit for the size of a manifest. */
const MOST_BYTES = 2 ** 20;

/**
 * Returns whether `place` is a folder with an export of lines, from which no tree can be
 * recomputed.
 */
export async function holdsLines(place: string): Promise<boolean> {
  const isFile = (name: string) =>
    stat(join(place, name)).then(
      (status) => status.isFile(),
      () => false,
    );
  return (await isFile("manifest")) && !(await isFile("checkpoint"));
}

/**
 * Checks with the log's own key that the file is the one that was exported, and checks the signed head
 * up to which it was exported. @throws LogError that names the file with the fault
 */
export async function verifyLines(folder: string, key: NoteKey): Promise<string> {
  const signed = await readWhole(join(folder, "manifest"), "manifest", MOST_BYTES);
  if (signed === undefined) throw new LogError("missing", "manifest", "is not there.");
  const manifest = openManifest(signed, key);
  const { format, entries, filter, sha256 } = manifest;
  const { origin, size, root } = openCheckpoint(nodeChecks, manifest.checkpoint, key);
  if (origin !== manifest.origin)
    throw new LogError("wrong_origin", "manifest", "names another log than its checkpoint.");
  if (format === "tiles" || sha256 === undefined)
    throw new LogError("missing", "checkpoint", "is not beside the manifest of these tiles.");
  const name = fileOf(format);
  if ((await digestOf(join(folder, name), name)) !== sha256)
    throw new LogError("mismatch", name, "is not the file that was exported.");
  const { minimumIndex } = manifest;
  const pruned = minimumIndex > 0 ? `Entries below ${minimumIndex} were pruned. ` : "";
  const chosen =
    Object.keys(filter).length > 0 ? `${entries} chosen entries` : `${entries} entries`;
  return (
    `Verified ${name}: ${chosen} of ${origin}, exported at ${size} entries, ` +
    `root ${Buffer.from(root).toString("base64")}. ` +
    pruned +
    "Only an export of tiles shows that no entry was left out."
  );
}

/**
 * Returns the digest of a file in hex. The party that is checked supplies the folder, so only
 * regular files are read.
 */
async function digestOf(place: string, name: string): Promise<string> {
  const file = await open(place, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (cause: unknown) => {
      throw new LogError("missing", name, "cannot be read.", { cause });
    },
  );
  try {
    if (!(await file.stat()).isFile()) throw new LogError("malformed", name, "is not a file.");
    const digest = createHash("sha256");
    const content: AsyncIterable<Buffer> = file.createReadStream({ autoClose: false });
    for await (const bytes of content) digest.update(bytes);
    return digest.digest("hex");
  } finally {
    await file.close();
  }
}
