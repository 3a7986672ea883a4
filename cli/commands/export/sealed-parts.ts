import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Decrypter } from "age-encryption";
import type { ManifestPart } from "../../../audit/verify/export/manifest.ts";
import { CommandError } from "../../settings.ts";
import { readTar, type TarFile } from "./read-tar.ts";

/** Reads the identities of a file, as `age-keygen` writes it. @throws CommandError */
export async function readIdentities(path: string): Promise<readonly string[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new CommandError(`${path} cannot be read.`, { cause });
  });
  const lines = text.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0 || lines.some((line) => !line.startsWith("AGE-SECRET-KEY-1")))
    throw new CommandError(`${path} does not hold an age identity (AGE-SECRET-KEY-1...).`);
  return lines;
}

/** Returns the name of a part. */
const partName = (number: number): string => `part-${String(number).padStart(4, "0")}.tar.age`;

/**
 * Yields the files of all parts, which are checked while they are read: their size, their digest, and what age authenticates.
 * Without identities it checks the parts and yields nothing.
 * @throws CommandError that names the part, and the file in it
 */
export async function* readParts(
  folder: string,
  parts: readonly ManifestPart[],
  identities: readonly string[] | undefined,
): AsyncGenerator<TarFile, void, undefined> {
  for (const [index, part] of parts.entries()) {
    const name = partName(index + 1);
    await assertSize(folder, name, part);
    if (identities === undefined) await checkDigest(folder, name, part);
    else yield* openPart(folder, name, part, identities);
  }
}

async function assertSize(folder: string, name: string, { bytes }: ManifestPart): Promise<void> {
  const found = await stat(join(folder, name)).catch(() => undefined);
  if (found === undefined) throw new CommandError(`${name} is missing.`);
  if (found.size < bytes)
    throw new CommandError(`${name} is cut off: it has ${found.size} of ${bytes} bytes.`);
  if (found.size > bytes)
    throw new CommandError(`${name} has ${found.size - bytes} bytes too many.`);
}

async function checkDigest(folder: string, name: string, { digest }: ManifestPart): Promise<void> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(join(folder, name))) hash.update(piece as Uint8Array);
  if (hash.digest("base64") !== digest) throw altered(name);
}

async function* openPart(
  folder: string,
  name: string,
  { digest }: ManifestPart,
  identities: readonly string[],
): AsyncGenerator<TarFile, void, undefined> {
  const hash = createHash("sha256");
  const place = { path: "", opened: 0 };
  const sealed = Readable.from(hashed(createReadStream(join(folder, name)), hash));
  const placed = async function* <T>(values: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    try {
      yield* values;
    } catch (cause) {
      throw damagedAt(name, place, cause);
    }
  };
  for await (const file of placed(readTar(placed(opened(sealed, identities, place))))) {
    place.path = file.path;
    yield file;
  }
  if (hash.digest("base64") !== digest) throw altered(name);
}

async function* hashed(
  file: AsyncIterable<Uint8Array>,
  hash: { update(bytes: Uint8Array): unknown },
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of file) {
    hash.update(piece);
    yield piece;
  }
}

async function* opened(
  sealed: Readable,
  identities: readonly string[],
  place: { opened: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  const plain = await decrypter.decrypt(Readable.toWeb(sealed));
  for await (const piece of Readable.fromWeb(plain)) {
    const bytes = piece as Uint8Array;
    place.opened += bytes.length;
    yield bytes;
  }
}

function damagedAt(
  name: string,
  { path, opened: bytes }: { readonly path: string; readonly opened: number },
  cause: unknown,
): CommandError {
  if (cause instanceof CommandError && cause.message.startsWith(name)) return cause;
  const where = path === "" ? "" : `, in ${path}`;
  return new CommandError(
    `${name} is damaged after ${bytes} bytes of its content${where}, or it is encrypted to somebody else.`,
    { cause },
  );
}

const altered = (name: string): CommandError =>
  new CommandError(`${name} was altered: its SHA-256 is not the one of the manifest.`);
