import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import * as z from "zod/mini";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { toBase64 } from "../../../audit/verify/base64.ts";
import type { Manifest } from "../../../audit/verify/export/manifest.ts";
import { verifyManifest } from "../../../audit/verify/export/verify-manifest.ts";
import { parseVkey } from "../../../audit/verify/note.ts";
import { exportFiles } from "../../../contract/export-files.ts";
import { progressBar } from "../../progress.ts";
import { CommandError } from "../../settings.ts";
import { CopyCheck, FileReading, FILES } from "./check-copy.ts";
import type { TarFile } from "./read-tar.ts";
import { readIdentities, readParts } from "./sealed-parts.ts";

const MANIFEST = "manifest.json";

export interface VerifyExportOptions {
  /** Verifier keys of the tenant's audit log. */
  readonly key: readonly string[];
  /** A file with the identity to which the copy is encrypted. */
  readonly identity?: string;
}

/**
 * Opens a sealed copy into a folder, which must not be there yet. It is there only when everything was checked.
 * @returns what to print
 * @throws CommandError, LogError
 */
export async function openExport(
  folder: string,
  into: string,
  { key, identity }: Required<VerifyExportOptions>,
): Promise<string> {
  const { manifest, file } = await manifestIn(folder, key);
  if ((await stat(into).catch(() => undefined)) !== undefined)
    throw new CommandError(`${into} is there already. Name a folder that is not.`);
  const identities = await readIdentities(identity);
  const aside = `${into}.partial`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true, mode: 0o700 });
  const write = async ({ path, content }: TarFile, reading: FileReading) => {
    const to = join(aside, assertPlace(path));
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    await pipeline(read(content, reading), createWriteStream(to, { flags: "wx", mode: 0o600 }));
  };
  const check = await checkAll(manifest, readParts(folder, manifest.parts, identities), write);
  await writeFile(join(aside, MANIFEST), file, { mode: 0o600 });
  await rename(aside, into);
  return `${verified(manifest, check.files)}\nOpen ${join(into, "index.html")} in a browser.`;
}

/**
 * Verifies a copy, sealed or opened. It needs no server.
 * @returns what to print
 * @throws CommandError, LogError
 */
export async function verifyExport(
  folder: string,
  { key, identity }: VerifyExportOptions,
): Promise<string> {
  const { manifest } = await manifestIn(folder, key);
  const isOpened = (await stat(join(folder, FILES)).catch(() => undefined)) !== undefined;
  if (!isOpened && identity === undefined) {
    for await (const _ of readParts(folder, manifest.parts, undefined));
    return `${manifest.parts.length} parts are those that the organisation signed. To check what is inside too, give --identity.`;
  }
  const files =
    isOpened || identity === undefined
      ? openedFiles(folder, manifest)
      : readParts(folder, manifest.parts, await readIdentities(identity));
  const check = await checkAll(manifest, files, async ({ content }, reading) => {
    for await (const _ of read(content, reading));
  });
  return verified(manifest, check.files);
}

async function manifestIn(
  folder: string,
  keys: readonly string[],
): Promise<{ readonly manifest: Manifest; readonly file: Uint8Array }> {
  const file = await readFile(join(folder, MANIFEST)).catch((cause: unknown) => {
    throw new CommandError(
      `${join(folder, MANIFEST)} cannot be read. Without it, the copy is not complete: let your device finish it.`,
      { cause },
    );
  });
  const trusted = keys.map((each) => parseVkey(nodeChecks.sha256, each));
  return { manifest: verifyManifest(nodeChecks, file, trusted), file };
}

async function checkAll(
  manifest: Manifest,
  files: AsyncIterable<TarFile>,
  take: (file: TarFile, reading: FileReading) => Promise<void>,
): Promise<CopyCheck> {
  const check = new CopyCheck(manifest);
  const bar = progressBar("files");
  try {
    for await (const file of files) {
      const reading = new FileReading(file.path);
      await take(file, reading);
      const { file: found, content } = reading.end(file.path);
      check.add(found, content);
      bar.update(check.files, Math.max(check.files, 2 * manifest.pages.length));
    }
  } finally {
    bar.end();
  }
  check.end();
  return check;
}

async function* read(
  content: AsyncIterable<Uint8Array>,
  reading: FileReading,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of content) {
    reading.add(piece);
    yield piece;
  }
}

/** Yields the files of an opened copy, the list of them last. */
async function* openedFiles(
  folder: string,
  manifest: Manifest,
): AsyncGenerator<TarFile, void, undefined> {
  const file = await readFile(join(folder, FILES));
  const isSigned = toBase64(nodeChecks.sha256(file)) === manifest.files;
  const list = z.safeParse(exportFiles, isSigned ? JSON.parse(file.toString("utf8")) : undefined);
  if (!list.success) throw new CommandError(`${FILES} was altered.`);
  for (const path of [...list.data.files.map(({ path: each }) => each), FILES]) {
    const from = join(folder, assertPlace(path));
    const found = await stat(from).catch(() => undefined);
    if (found === undefined) throw new CommandError(`${path} is missing.`);
    yield { path, size: found.size, content: contentOf(from) };
  }
}

async function* contentOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of createReadStream(path)) yield piece as Uint8Array;
}

/** The places of files in a copy. Nothing may be written elsewhere. */
const places =
  /^(?:index\.html|files\.json|(?:data|schema|conversations|attachments)(?:\/[^/\\\0]+){1,3})$/;

/** @throws CommandError */
function assertPlace(path: string): string {
  if (!places.test(path) || path.split("/").some((part) => part === "." || part === ".."))
    throw new CommandError("A file of the archive has a place where no copy has files.");
  return path;
}

/** Says what was verified, and who vouches for it. */
function verified({ pages, events, root, parts, signature }: Manifest, files: number): string {
  const conversations = new Set(pages.map(({ conversation }) => conversation)).size;
  const origin = signature.split("\n")[1] ?? "";
  return [
    `Verified with the key of ${origin}: ${events} events of ${conversations} conversations, ${files} files, ${parts.length} parts.`,
    "The organisation signed which events there are, in which order, and its record of the person.",
    "The texts and files are what the device of the person wrote. Nobody changed them since. The organisation does not vouch for them.",
    `Merkle root: ${root}`,
  ].join("\n");
}
