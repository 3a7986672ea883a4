import { checkpointText, openCheckpoint, type Checkpoint } from "../../audit/verify/checkpoint.ts";
import { LogError } from "../../audit/verify/log-error.ts";
import {
  formatNote,
  keyIdOf,
  parseVkey,
  signatureBy,
  type Note,
  type NoteKey,
} from "../../audit/verify/note.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";
import { message, text, uint, type MessageOf } from "../../crypto/wire/protobuf.ts";
import type { KeyLogHead } from "../../crypto/wire/payload.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { deviceChecks } from "./checks.ts";

const name = "client!key-log";
/** A head is the text of a checkpoint with one signature. No log needs as many bytes. */
export const LONGEST_NOTE = 16_384;
const kept = message({ vkey: [1, text(1_024)], note: [2, text(LONGEST_NOTE)], atMs: [3, uint()] });

/**
 * The log key that this device trusts, and the newest head that it has verified; "" before the
 * first. `atMs` is when the device saw this head first, in milliseconds since the Unix epoch.
 */
export type KeptHead = MessageOf<typeof kept>;

export async function loadKeptHead(transaction: ReadTransaction): Promise<KeptHead | undefined> {
  const record = await transaction.get(name);
  return record === undefined ? undefined : decodeRecord(kept, record);
}

export const saveKeptHead = (transaction: StoreTransaction, head: KeptHead): void =>
  transaction.put(name, encodeRecord(kept, head));

/** A head whose signature was verified. */
export interface SignedHead extends Checkpoint {
  /** The note with the signature of the log's key, and no others. */
  readonly text: string;
  readonly note: Note;
}

/** @throws LogError malformed */
export const logKeyOf = (vkey: string): NoteKey => parseVkey(deviceChecks.sha256, vkey);

/** @throws LogError malformed, also if it is too long to be kept; wrong_origin, unsigned, wrong_signature */
export function openHead(note: string, key: NoteKey): SignedHead {
  const head = openCheckpoint(deviceChecks, note, key);
  const signed = signatureBy(deviceChecks.sha256, head.note, key);
  const own = formatNote(head.note.text, signed === undefined ? [] : [signed]);
  if (utf8(own).length > LONGEST_NOTE)
    throw new LogError("malformed", "checkpoint", "is too long.");
  return { ...head, text: own };
}

/**
 * Returns the head of a note, without the signatures of others, or undefined if the log's key did
 * not sign it.
 */
export function openedBy(note: string, key: NoteKey): SignedHead | undefined {
  try {
    return openHead(note, key);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    return undefined;
  }
}

/** Returns a head as messages carry it. The receiver knows the rest of the note. */
export function compactHead(head: SignedHead, key: NoteKey): KeyLogHead {
  const { size, root, restores = 0, note } = head;
  const signature = signatureBy(deviceChecks.sha256, note, key)?.signature ?? new Uint8Array(64);
  return { size, root, signature, restores };
}

/** Rebuilds the signed note of a head from a message. */
export function noteOf({ size, root, signature, restores }: KeyLogHead, key: NoteKey): string {
  const keyId = keyIdOf(deviceChecks.sha256, key);
  const signed = checkpointText({ origin: key.name, size, root, restores });
  return formatNote(signed, [{ name: key.name, keyId, signature }]);
}
