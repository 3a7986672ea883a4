import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { fromBase64, toBase64 } from "../../../audit/verify/base64.ts";
import type { Manifest, ManifestPage } from "../../../audit/verify/export/manifest.ts";
import { GrowingRoot } from "../../../audit/verify/growing-root.ts";
import { leafHash } from "../../../audit/verify/tree-hash.ts";
import {
  exportFiles,
  exportPage,
  type ExportEvent,
  type ExportFile,
} from "../../../contract/export-files.ts";
import { fromUtf8 } from "../../../crypto/wire/bytes.ts";
import { linkHash } from "../../../crypto/wire/event.ts";
import { eventKinds, type EventKind } from "../../../crypto/wire/frame.ts";
import { CommandError } from "../../settings.ts";

const PAGES = "data/conversations/";
/** What the server knows of the person. The manifest has its hash. */
const RECORD = "data/record.json";
export const FILES = "files.json";

/** Files of these names are in memory while they are checked. Each has the events of one page at most. */
const isChecked = (path: string): boolean => path.startsWith(PAGES) || path === FILES;

/** Checks the files of a copy one after the other, and at the end that all are there. */
export class CopyCheck {
  readonly #manifest: Manifest;
  readonly #found = new Map<string, ExportFile>();
  #listed: readonly ExportFile[] | undefined;
  #pages = 0;

  constructor(manifest: Manifest) {
    this.#manifest = manifest;
  }

  get files(): number {
    return this.#found.size;
  }

  /**
   * Checks a file.
   * @param content of files for which `isChecked` holds
   * @throws CommandError that names the file, and the event in it
   */
  add(file: ExportFile, content: Uint8Array | undefined): void {
    const { path, digest } = file;
    if (this.#found.has(path) || (path === FILES && this.#listed !== undefined))
      throw new CommandError(`${path} is in the copy twice.`);
    if (path === FILES) {
      if (digest !== this.#manifest.files) throw altered(path);
      this.#listed = parsed(exportFiles, path, content).files;
      return;
    }
    if (path === RECORD && digest !== this.#manifest.record) throw altered(path);
    if (path.startsWith(PAGES)) this.#checkPage(path, content);
    this.#found.set(path, file);
  }

  /** @throws CommandError that names what is missing */
  end(): void {
    if (this.#listed === undefined) throw new CommandError(`${FILES} is missing.`);
    if (!this.#found.has(RECORD)) throw new CommandError(`${RECORD} is missing.`);
    const found = new Map(this.#found);
    for (const { path, bytes, digest } of this.#listed) {
      const file = found.get(path);
      if (file === undefined) throw new CommandError(`${path} is missing.`);
      if (file.bytes < bytes)
        throw new CommandError(`${path} is cut off: it has ${file.bytes} of ${bytes} bytes.`);
      if (file.digest !== digest) throw altered(path);
      found.delete(path);
    }
    const [extra] = found.keys();
    if (extra !== undefined) throw new CommandError(`${extra} does not belong to the copy.`);
    if (this.#pages !== this.#manifest.pages.length)
      throw new CommandError(`${PAGES} has not all pages that the manifest names.`);
  }

  #checkPage(path: string, content: Uint8Array | undefined): void {
    const page = this.#manifest.pages[this.#pages++];
    const { conversation, events } = parsed(exportPage, path, content);
    if (page === undefined || page.conversation !== conversation) throw altered(path);
    const tree = new GrowingRoot(nodeChecks.sha256);
    for (const event of events) {
      assertLinked(path, page, event);
      tree.append(leafHash(nodeChecks.sha256, bytesOf(event.transcriptHash)));
    }
    const head = events.at(-1)?.transcriptHash ?? null;
    if (tree.size !== page.events || toBase64(tree.root()) !== page.root || head !== page.head)
      throw new CommandError(
        `${path} was altered: its events ${page.fromSeq} to ${page.untilSeq} are not those of the manifest.`,
      );
  }
}

/** Requires that the transcript hash of an event follows from what the file says of it. */
function assertLinked(path: string, { conversation }: ManifestPage, event: ExportEvent): void {
  const { seq, kind, receivedAtMs, device, epoch, keyId, messageId, transcriptHash } = event;
  if (!isKind(kind)) throw altered(path, seq);
  const header = {
    conversation,
    seq,
    kind,
    senderDevice: device,
    epoch,
    keyId,
    clientMessageId: messageId,
    receivedAtMs,
  };
  const { previousHash, ciphertextDigest, commitment } = event;
  const [previous, digest, committed] = [previousHash, ciphertextDigest, commitment].map(bytesOf);
  try {
    const hash = linkHash(
      nodeChecks.sha256,
      previous ?? new Uint8Array(),
      header,
      digest ?? new Uint8Array(),
      committed ?? new Uint8Array(),
    );
    if (toBase64(hash) === transcriptHash) return;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
  }
  throw altered(path, seq);
}

const isKind = (kind: string): kind is EventKind => Object.hasOwn(eventKinds, kind);
const bytesOf = (text: string): Uint8Array => fromBase64(text) ?? new Uint8Array();

const altered = (path: string, seq?: number): CommandError =>
  new CommandError(
    seq === undefined ? `${path} was altered.` : `${path} was altered at event ${seq}.`,
  );

function parsed<S extends z.core.$ZodType>(
  schema: S,
  path: string,
  content: Uint8Array | undefined,
): z.core.output<S> {
  try {
    const read = z.safeParse(schema, JSON.parse(fromUtf8(content ?? new Uint8Array())));
    if (read.success) return read.data;
  } catch {
    // It is not JSON in UTF-8.
  }
  throw altered(path);
}

/** Returns the SHA-256 of a file's pieces, and the pieces if they are to be checked. */
export class FileReading {
  readonly #hash = createHash("sha256");
  readonly #pieces: Uint8Array[] | undefined;
  #bytes = 0;

  constructor(path: string) {
    this.#pieces = isChecked(path) ? [] : undefined;
  }

  add(piece: Uint8Array): void {
    this.#hash.update(piece);
    this.#bytes += piece.length;
    this.#pieces?.push(piece.slice());
  }

  end(path: string): { readonly file: ExportFile; readonly content: Uint8Array | undefined } {
    return {
      file: { path, bytes: this.#bytes, digest: this.#hash.digest("base64") },
      content: this.#pieces && Buffer.concat(this.#pieces),
    };
  }
}
