import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../../crypto/wire/bytes.ts";
import { isId, type ConversationId } from "../../crypto/wire/ids.ts";
import { open, seal, type SealingKey } from "../../keys/at-rest/envelope.ts";
import { ArchiverError } from "../archiver-error.ts";
import { archivedEvents, type Archived } from "./archived-event.ts";

/** The place of a record: some consecutive events of a conversation. */
export interface RecordPlace {
  readonly conversation: ConversationId;
  /** How many restores of the server had cut the log of the conversation before. */
  readonly restores: number;
  readonly from: number;
  readonly to: number;
}

export const recordPrefix = "conversations/";

const digits = (value: number, width: number): string => String(value).padStart(width, "0");

/** Names a record so that the records of a conversation sort in their order. */
export const recordName = ({ conversation, restores, from, to }: RecordPlace): string =>
  `${recordPrefix}${conversation}/${digits(restores, 6)}-${digits(from, 16)}-${digits(to, 16)}.record`;

/** Returns the place of a record; undefined if it is the name of anything else. */
export function placeIn(name: string): RecordPlace | undefined {
  const parts = /^conversations\/([^/]+)\/(\d{6})-(\d{16})-(\d{16})[.]record$/.exec(name);
  const [, conversation = "", restores, from, to] = parts ?? [];
  if (parts === null || !isId<ConversationId>(conversation)) return undefined;
  return { conversation, restores: Number(restores), from: Number(from), to: Number(to) };
}

const associated = (place: RecordPlace): Uint8Array =>
  utf8(`sealdesk/archive-record/v1\0${recordName(place)}`);

/** Seals a record with the key of its conversation: AES-256-GCM, bound to its name. */
export const sealRecord = (
  key: SealingKey,
  place: RecordPlace,
  events: readonly Archived[],
): string =>
  toBase64Url(
    seal(key, associated(place), utf8(JSON.stringify(archivedEvents.encode([...events])))),
  );

/** @throws ArchiverError record_damaged */
export function openRecord(key: SealingKey, place: RecordPlace, text: string): readonly Archived[] {
  try {
    const plain = open(key, associated(place), fromBase64Url(text));
    return archivedEvents.parse(JSON.parse(fromUtf8(plain)));
  } catch (cause) {
    throw damaged(recordName(place), cause);
  }
}

export const damaged = (name: string, cause?: unknown): ArchiverError =>
  new ArchiverError("record_damaged", `${name} is not what this archive's key sealed there.`, {
    cause,
  });

const pieceName = (conversation: ConversationId, file: string, piece: number): string =>
  `${recordPrefix}${conversation}/files/${file}/${digits(piece, 8)}.piece`;

const pieceAssociated = (name: string): Uint8Array => utf8(`sealdesk/archive-file/v1\0${name}`);

/** Seals a piece of a file with the key of its conversation. */
export function sealPiece(
  key: SealingKey,
  conversation: ConversationId,
  {
    file,
    piece,
    bytes,
  }: { readonly file: string; readonly piece: number; readonly bytes: Uint8Array },
): { readonly name: string; readonly text: string } {
  const name = pieceName(conversation, file, piece);
  return { name, text: toBase64Url(seal(key, pieceAssociated(name), bytes)) };
}

/** Opens a piece. @param read returns what is stored under a name @throws ArchiverError record_damaged, piece_missing */
export async function openPiece(
  key: SealingKey,
  conversation: ConversationId,
  { file, piece }: { readonly file: string; readonly piece: number },
  read: (name: string) => Promise<string | undefined>,
): Promise<Uint8Array> {
  const name = pieceName(conversation, file, piece);
  const text = await read(name);
  if (text === undefined)
    throw new ArchiverError("piece_missing", `The archive does not have ${name}.`);
  try {
    return open(key, pieceAssociated(name), fromBase64Url(text));
  } catch (cause) {
    throw damaged(name, cause);
  }
}
