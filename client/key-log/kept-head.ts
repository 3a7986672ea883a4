import { checkpointText, openCheckpoint, type Checkpoint } from "../../audit/verify/checkpoint.ts";
import {
  formatNote,
  keyIdOf,
  parseVkey,
  signatureBy,
  type Note,
  type NoteKey,
} from "../../audit/verify/note.ts";
import { message, text, type MessageOf } from "../../crypto/wire/protobuf.ts";
import type { KeyLogHead } from "../../crypto/device/payload.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { deviceChecks } from "./checks.ts";

const name = "client!key-log";
const kept = message({ vkey: [1, text(1_024)], note: [2, text(16_384)] });

/**
 * The log key that this device trusts, and the newest head that it has verified; "" before the
 * first.
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
  /** The signed note, verbatim. */
  readonly text: string;
  readonly note: Note;
}

/** @throws LogError malformed */
export const logKeyOf = (vkey: string): NoteKey => parseVkey(deviceChecks.sha256, vkey);

/** @throws LogError malformed, wrong_origin, unsigned, wrong_signature */
export const openHead = (note: string, key: NoteKey): SignedHead => ({
  ...openCheckpoint(deviceChecks, note, key),
  text: note,
});

/** A head as messages carry it. The receiver knows the rest of the note. */
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

/** Whether a head was signed after another one. A restore from a backup makes a log shorter. */
export function isLaterHead(one: HeadPlace, other: HeadPlace): boolean {
  const [restores = 0, others = 0] = [one.restores, other.restores];
  return restores === others ? one.size > other.size : restores > others;
}

type HeadPlace = Pick<Checkpoint, "size" | "restores">;
