/** An entry of the erasure ledger: a signed note, chained by hashes. docs/restore.md describes it. */
import { z } from "zod";
import type { LogKey } from "../../audit/logs.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { signatureWith } from "../../audit/sign-note.ts";
import { fromBase64, toBase64 } from "../../audit/verify/base64.ts";
import { assertSignature, formatNote, parseNote, type NoteKey } from "../../audit/verify/note.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson } from "../../crypto/wire/canonical-json.ts";
import {
  isId,
  type CaseId,
  type ConversationId,
  type TenantId,
  type UserId,
} from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { LedgerError } from "./ledger-error.ts";

const HEADER = "sealdesk-erasure-ledger/v1";
const HASH_BYTES = 32;
/** The most scopes that one entry names. */
const MOST_SCOPES = 256;

const uuid = <I extends Uuid>() => z.custom<I>(isId);
const of = { tenant: uuid<TenantId>(), subject: uuid<UserId>(), atMs: z.int().min(0) };
/** The id of the case, a colon, and the number of the step that erases. */
const act = z.string().min(1).max(100);

const schema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("begin"), ledger: uuid<Uuid>(), atMs: z.int().min(0) }),
  z.strictObject({
    kind: z.literal("scopes"),
    ...of,
    act,
    scopes: z
      .array(z.strictObject({ conversation: uuid<ConversationId>(), period: z.int().min(0) }))
      .min(1)
      .max(MOST_SCOPES),
  }),
  z.strictObject({ kind: z.literal("subject"), ...of, act }),
  z.strictObject({ kind: z.literal("account"), ...of, act }),
  z.strictObject({ kind: z.literal("withdrawal"), ...of, case: uuid<CaseId>() }),
]);

/**
 * What an entry says: that the ledger begins; that the keys of periods of conversations were
 * destroyed; that an account was erased; that it was, and all keys of the person with it; or that an erasure was withdrawn
 * before anything was destroyed. It holds ids and times, and no personal data.
 */
export type LedgerRecord = z.infer<typeof schema>;
export type Withdrawal = Extract<LedgerRecord, { readonly kind: "withdrawal" }>;
export type ErasureRecord = Exclude<LedgerRecord, Withdrawal | { readonly kind: "begin" }>;

/** A place in the ledger. */
export interface LedgerPosition {
  /** 0 for the first entry. */
  readonly number: number;
  /** SHA-256 of the entry's text. */
  readonly hash: Uint8Array;
}

export interface LedgerEntry extends LedgerPosition {
  readonly record: LedgerRecord;
  /** The entry as it is stored. */
  readonly note: string;
}

/** Signs the entry that follows `previous`. */
export async function signEntry(
  { key, origin }: { readonly key: LogKey; readonly origin: string },
  previous: LedgerPosition | undefined,
  record: LedgerRecord,
): Promise<LedgerEntry> {
  const number = previous === undefined ? 0 : previous.number + 1;
  const before = toBase64(previous?.hash ?? new Uint8Array(HASH_BYTES));
  const json = canonicalJson(record);
  const text = `${HEADER}\n${origin}\n${number}\n${before}\n${json}\n`;
  const note = formatNote(text, [await signatureWith(key, origin, text)]);
  return { number, hash: nodeChecks.sha256(utf8(text)), record, note };
}

/**
 * Reads an entry, which must follow `previous`.
 * @param previous undefined if the entry before it is not known; the number must then be `number`
 * @throws LedgerError ledger_invalid
 */
export function openEntry(
  note: string,
  key: NoteKey,
  number: number,
  previous: LedgerPosition | undefined,
): LedgerEntry {
  const invalid = (why: string, cause?: unknown) =>
    new LedgerError("ledger_invalid", `Entry ${number} of the erasure ledger ${why}.`, { cause });
  try {
    const parsed = parseNote(note);
    assertSignature(nodeChecks, parsed, key);
    const [header, origin, count, before = "", json = "", end] = parsed.text.split("\n");
    if (header !== HEADER || origin !== key.name || end !== "") throw invalid("has another form");
    const chained = previous === undefined || toBase64(previous.hash) === before;
    if (count !== String(number) || fromBase64(before)?.length !== HASH_BYTES || !chained)
      throw invalid("does not follow the entry before it");
    const record = schema.parse(JSON.parse(json));
    return { number, hash: nodeChecks.sha256(utf8(parsed.text)), record, note };
  } catch (cause) {
    throw cause instanceof LedgerError
      ? cause
      : invalid("is not one that this server signed", cause);
  }
}
