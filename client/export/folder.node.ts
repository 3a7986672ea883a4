import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, open, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { invalidArgument, object, text } from "../arguments.ts";
import { piecesOf } from "../attachments/pieces.ts";
import type { ExportTarget } from "./target.ts";

/** The key of a sealed archive, as the program `age` has it. */
export interface ExportKey {
  /** Opens the archive. Keep it secret, and apart from the archive. */
  readonly identity: string;
  /** Seals the archive. */
  readonly recipient: string;
}

/** Makes a new key for an archive: X25519, as `age-keygen` does. */
export async function newExportKey(): Promise<ExportKey> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/**
 * Keeps an archive in a folder, which is made if there is none. Each part is encrypted to you with age
 * (https://age-encryption.org/v1). `sealdesk export open` opens it, and so do `age` and `tar`.
 * @param options.recipient to whom it is encrypted: `age1...`
 * @throws SealdeskError invalid_argument
 */
export async function exportFolder(
  folder: string,
  options: { readonly recipient: string },
): Promise<ExportTarget> {
  text(4_096)(folder, "folder");
  object({ recipient: text(4_096) })(options, "options");
  const encrypter = () => {
    const made = new Encrypter();
    try {
      made.addRecipient(options.recipient);
    } catch (cause) {
      throw invalidArgument("options.recipient", "a recipient of age, such as `age1...`", cause);
    }
    return made;
  };
  encrypter();
  await mkdir(folder, { recursive: true });
  const pathOf = (number: number) => join(folder, partName(number));
  return {
    async writePart(number, content) {
      const path = pathOf(number);
      const hash = createHash("sha256");
      let bytes = 0;
      const sealed = await encrypter().encrypt(streamOf(content));
      await pipeline(
        piecesOf(sealed),
        async function* (pieces) {
          for await (const piece of pieces) {
            hash.update(piece);
            bytes += piece.length;
            yield piece;
          }
        },
        createWriteStream(`${path}.partial`, { mode: 0o600, flush: true }),
      );
      await rename(`${path}.partial`, path);
      await syncFolder(folder);
      return { bytes, digest: hash.digest("base64") };
    },
    async hasPart(number, { bytes }) {
      const found = await stat(pathOf(number)).catch(() => undefined);
      return found?.size === bytes;
    },
    async writeManifest(file) {
      const path = join(folder, "manifest.json");
      await writeFile(`${path}.partial`, file, { mode: 0o600, flush: true });
      await rename(`${path}.partial`, path);
      await syncFolder(folder);
    },
  };
}

/** Returns the name of a part of a sealed archive. */
const partName = (number: number): string => `part-${String(number).padStart(4, "0")}.tar.age`;

/** Returns a stream that takes the next piece only when it is read. */
function streamOf(content: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const pieces = content[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await pieces.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await pieces.return?.();
    },
  });
}

/** Makes the names in the folder durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().catch(() => undefined);
  await handle.close();
}
