import { createSecretKey, randomBytes } from "node:crypto";
import { z } from "zod";
import { fromBase64Url, toBase64Url, utf8 } from "../../crypto/wire/bytes.ts";
import { isId, type ConversationId, type UserId } from "../../crypto/wire/ids.ts";
import { uuidToBytes } from "../../crypto/wire/uuid.ts";
import type { SealingKey } from "../../keys/at-rest/envelope.ts";
import type { Kms } from "../../keys/kms/kms.ts";
import { ArchiverError } from "../archiver-error.ts";
import type { RecordStore } from "../store/record-store.ts";
import type { Archived } from "./archived-event.ts";
import {
  damaged,
  openPiece,
  openRecord,
  placeIn,
  recordName,
  recordPrefix,
  sealPiece,
  sealRecord,
  type RecordPlace,
} from "./record.ts";

/** The key in the key service that wraps the keys of conversations. It never leaves the service. */
export const archiveKey = "archiver";

const wrapped = z.strictObject({ version: z.int().positive(), bytes: z.string() });
const owner = z.strictObject({
  version: z.literal(1),
  tenant: z.string(),
  user: z.custom<UserId>((text) => typeof text === "string" && isId<UserId>(text)),
});

/** The account whose archive it is. */
export type ArchiveOwner = Omit<z.output<typeof owner>, "version">;

/** The last event of a conversation that is in the archive. */
export interface ArchivePosition {
  readonly restores: number;
  readonly seq: number;
}

/** Sealed records of conversations, in a store where nobody replaces them, under keys of the deployer's key service. */
export class Archive {
  readonly #store: RecordStore;
  readonly #kms: Kms;
  readonly #keys = new Map<ConversationId, Promise<SealingKey>>();

  constructor(store: RecordStore, kms: Kms) {
    this.#store = store;
    this.#kms = kms;
  }

  /** Makes the archive that of an account, or checks that it is. @throws ArchiverError other_archive */
  async own({ tenant, user }: ArchiveOwner): Promise<void> {
    await this.#kms.ensureKey(archiveKey, "wrapping");
    const text = JSON.stringify({ version: 1, tenant, user });
    if (await this.#store.create("archive.json", text)) return;
    throw new ArchiverError(
      "other_archive",
      "The archive belongs to another account. Choose another place, or sign in with that account.",
    );
  }

  /** @throws ArchiverError record_damaged */
  async owner(): Promise<ArchiveOwner> {
    const { version: _, ...found } = parsed(
      owner,
      "archive.json",
      await this.#store.read("archive.json"),
    );
    return found;
  }

  /** Returns the places of all records, those of a conversation in their order. */
  async places(): Promise<ReadonlyMap<ConversationId, readonly RecordPlace[]>> {
    const byConversation = new Map<ConversationId, RecordPlace[]>();
    for (const name of await this.#store.names(recordPrefix)) {
      const place = placeIn(name);
      if (place === undefined) continue;
      const known = byConversation.get(place.conversation) ?? [];
      known.push(place);
      byConversation.set(place.conversation, known);
    }
    return byConversation;
  }

  /** @throws ArchiverError record_exists */
  async write(place: RecordPlace, events: readonly Archived[]): Promise<void> {
    const key = await this.#keyOf(place.conversation);
    if (await this.#store.create(recordName(place), sealRecord(key, place, events))) return;
    throw new ArchiverError(
      "record_exists",
      "Another archiver wrote this record before. Run one archiver for each archive.",
    );
  }

  /** Returns what a record holds; undefined if it is gone. @throws ArchiverError record_damaged */
  async read(place: RecordPlace): Promise<readonly Archived[] | undefined> {
    const text = await this.#store.read(recordName(place));
    return text === undefined
      ? undefined
      : openRecord(await this.#keyOf(place.conversation), place, text);
  }

  /** Stores a piece of a file. It may be there from an earlier run. */
  async writePiece(
    conversation: ConversationId,
    piece: Parameters<typeof sealPiece>[2],
  ): Promise<void> {
    const { name, text } = sealPiece(await this.#keyOf(conversation), conversation, piece);
    await this.#store.create(name, text);
  }

  /** Yields a file in pieces. @throws ArchiverError record_damaged, piece_missing */
  async *readFile(
    conversation: ConversationId,
    { id, pieces }: { readonly id: string; readonly pieces: number },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const key = await this.#keyOf(conversation);
    for (let piece = 0; piece < pieces; piece++)
      yield openPiece(key, conversation, { file: id, piece }, (name) => this.#store.read(name));
  }

  #keyOf(conversation: ConversationId): Promise<SealingKey> {
    const known = this.#keys.get(conversation) ?? this.#loadKey(conversation);
    this.#keys.set(conversation, known);
    known.catch(() => this.#keys.delete(conversation));
    return known;
  }

  async #loadKey(conversation: ConversationId): Promise<SealingKey> {
    const name = `${recordPrefix}${conversation}/key.json`;
    const context = utf8(`sealdesk/archive-key/v1\0${conversation}`);
    let text = await this.#store.read(name);
    if (text === undefined) {
      const { version, bytes } = await this.#kms.wrap(archiveKey, randomBytes(32), context);
      await this.#store.create(name, JSON.stringify({ version, bytes: toBase64Url(bytes) }));
      text = await this.#store.read(name);
    }
    const { version, bytes } = parsed(wrapped, name, text);
    const key = { version, bytes: fromBase64Url(bytes) };
    const secret = await this.#kms.unwrap(archiveKey, key, context);
    return { id: uuidToBytes(conversation), secret: createSecretKey(secret) };
  }
}

function parsed<T>(schema: z.ZodType<T>, name: string, text: string | undefined): T {
  try {
    return schema.parse(JSON.parse(text ?? ""));
  } catch (cause) {
    throw damaged(name, cause);
  }
}
