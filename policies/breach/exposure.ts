import type { DeviceId } from "../../crypto/wire/ids.ts";

/**
 * What somebody took.
 * - "database": a copy of the database, or access to it.
 * - "backup": a backup of the database.
 * - "keystore": a copy of the keystore, or a backup of it.
 * - "kms": the keys of the key service, or the use of it.
 * - "node": a running server. It reads the database and the keystore, and uses the key service.
 * - "device": a device of a member, with its keys.
 * - "metadata": who wrote to whom, when and how much, for example from logs of the network.
 */
export const takenKinds = [
  "database",
  "backup",
  "keystore",
  "kms",
  "node",
  "device",
  "metadata",
] as const;
export type TakenKind = (typeof takenKinds)[number];

/** Something that was taken. */
export interface Taken {
  readonly what: TakenKind;
  /** When the copy was made, or when the access ended: milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** The device, if it is one. */
  readonly device?: DeviceId | undefined;
}

/**
 * What is exposed about a person, the gravest first.
 * - "content": what was said in conversations of the person.
 * - "profile": name, e-mail address, telephone number.
 * - "ciphertext": messages without the seal of the server. They stay encrypted end to end.
 * - "metadata": with whom the person talked, when and how much. No encryption covers it.
 * - "sealed": records under keys that were not taken.
 */
export const exposures = ["content", "profile", "ciphertext", "metadata", "sealed"] as const;
export type Exposure = (typeof exposures)[number];

/** The facts about one person. Times are milliseconds since the Unix epoch. */
export interface ExposedFacts {
  /** When the account was made. */
  readonly createdAtMs: number;
  /** When the person was erased; null if not. */
  readonly erasedAtMs: number | null;
  /** The person's key in the keystore; undefined if nothing of the person was ever sealed. */
  readonly key?:
    { readonly createdAtMs: number; readonly destroyedAtMs: number | null } | undefined;
  /** Whether a device that was taken could read a conversation of the person. */
  readonly isReadByTakenDevice: boolean;
}

const withRecords: readonly TakenKind[] = ["database", "backup", "node"];
const withKeys: readonly TakenKind[] = ["keystore", "node"];
const withKms: readonly TakenKind[] = ["kms", "node"];

/**
 * Returns what is exposed about a person, the gravest first. Stored records open with three things: the records, the
 * person's key from the keystore, and a version of the key-encryption key that wraps it. A key that was destroyed before
 * the copy was made opens nothing. A copy of the keystore and the use of the key service open nothing together if the
 * versions of the key-encryption key were destroyed between the two. Pure.
 * @param kekDestructionsMs when earlier versions of the key-encryption key were destroyed
 */
export function exposuresOf(
  taken: readonly Taken[],
  facts: ExposedFacts,
  kekDestructionsMs: readonly number[],
): readonly Exposure[] {
  const timesOf = (kinds: readonly TakenKind[]) =>
    taken.filter(({ what }) => kinds.includes(what)).map(({ atMs }) => atMs);
  const hasRecords = timesOf(withRecords).some((atMs) => existedAt(facts, atMs));
  const isOpen =
    hasRecords &&
    timesOf(withKeys).some(
      (keyAtMs) =>
        hadKeyAt(facts, keyAtMs) &&
        timesOf(withKms).some((kmsAtMs) => !isBetween(kekDestructionsMs, keyAtMs, kmsAtMs)),
    );
  const isKnown = timesOf([...withRecords, "metadata"]).some((atMs) => facts.createdAtMs <= atMs);
  const isExposed: Readonly<Record<Exposure, boolean>> = {
    content: facts.isReadByTakenDevice,
    profile: isOpen,
    ciphertext: isOpen,
    metadata: isKnown,
    sealed: hasRecords && facts.key !== undefined && !isOpen,
  };
  return exposures.filter((each) => isExposed[each]);
}

const existedAt = ({ createdAtMs, erasedAtMs }: ExposedFacts, atMs: number): boolean =>
  createdAtMs <= atMs && (erasedAtMs === null || atMs < erasedAtMs);

const hadKeyAt = ({ key }: ExposedFacts, atMs: number): boolean =>
  key !== undefined &&
  key.createdAtMs <= atMs &&
  (key.destroyedAtMs === null || atMs < key.destroyedAtMs);

const isBetween = (timesMs: readonly number[], oneMs: number, otherMs: number): boolean =>
  timesMs.some((atMs) => atMs > Math.min(oneMs, otherMs) && atMs <= Math.max(oneMs, otherMs));

/** What a person can be harmed by. Metadata alone is enough: nothing encrypts it. */
const harmful: readonly Exposure[] = ["content", "profile", "metadata"];

/** Returns whether what is exposed makes a notice due. Pure. */
export const isNoticeDue = (exposed: readonly Exposure[]): boolean =>
  exposed.some((each) => harmful.includes(each));
