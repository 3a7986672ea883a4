import { hash } from "node:crypto";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import {
  consentBytes,
  decodeConsent,
  type ChainPoint,
  type ConsentRecord,
} from "../../crypto/wire/consent-record.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { Consent } from "../../crypto/wire/receipt.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import type { ConsentChange } from "../../policies/consents.ts";
import { MessagingError } from "../messaging-error.ts";
import { assertPublished, type SignedText } from "../notices/record-view.ts";
import { assertSignedBy, invalidRecord } from "../receipts/receipts.ts";

/** A consent record with the bytes that its device signed. */
export interface OpenedConsent extends SignedText {
  readonly record: ConsentRecord;
  /** SHA-256 of the text, 32 bytes. */
  readonly digest: Uint8Array;
}

/**
 * Parses a consent record in the name of the actor and of the actor's device.
 * @throws MessagingError invalid_record
 */
export function openConsent(actor: Actor, { text, signature }: SignedText): OpenedConsent {
  const record = decoded(text);
  if (record.tenant !== actor.tenant || record.user !== actor.user)
    throw invalidRecord("The record belongs to another user.");
  if (record.device !== actor.device) throw invalidRecord("The record belongs to another device.");
  return { record, text, signature, digest: hash("sha256", text, "buffer") };
}

function decoded(text: Uint8Array): ConsentRecord {
  try {
    return decodeConsent(text);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw invalidRecord("The consent record does not have the documented form.", cause);
  }
}

/** Requires that a receipt places exactly this record in its conversation. @throws MessagingError invalid_record */
export function assertPlaces(receipt: Consent, { record, digest }: OpenedConsent): void {
  const isSame =
    receipt.id === record.id &&
    receipt.conversation === record.conversation &&
    receipt.purpose === record.purpose &&
    receipt.state === record.state &&
    equalBytes(receipt.record, digest);
  if (!isSame) throw invalidRecord("The receipt is about another record.");
}

/**
 * Requires that a record is signed, continues the chain of its account, and is given under the notice in force.
 * Locks the chain until the transaction ends.
 * @throws MessagingError invalid_signature, stale_consents, notice_not_found, notice_superseded, invalid_record
 */
export async function assertContinues(
  client: Client,
  { record, text, signature }: OpenedConsent,
): Promise<void> {
  await assertSignedBy(client, record.device, consentBytes(text), signature);
  await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [
    `consents ${record.user}`,
  ]);
  const last = await lastOfChain(client, record.user);
  const { number, digest } = record.previous;
  if (number !== last.number || !equalBytes(digest, last.digest))
    throw new MessagingError(
      "stale_consents",
      "The account has another last record. Sign again on that one.",
    );
  if (record.state === "given") await assertNotice(client, record);
}

/** Returns the last record of an account. */
export async function lastOfChain(client: Client, user: UserId): Promise<ChainPoint> {
  const { rows } = await client.query<ChainPoint>(
    "select number, digest from consents where user_id = $1 order by number desc limit 1",
    [user],
  );
  return rows[0] ?? { number: 0, digest: zeroHash };
}

async function assertNotice(
  client: Client,
  { notice, expiresAtMs }: Extract<ConsentRecord, { readonly state: "given" }>,
): Promise<void> {
  await assertPublished(client, notice);
  const { rows } = await client.query<{ version: number | null; nowMs: number }>(
    `select sealdesk.notice_version() as version, sealdesk.database_now_ms() as "nowMs"`,
  );
  const { version = null, nowMs = 0 } = rows[0] ?? {};
  if (version !== notice.version)
    throw new MessagingError(
      "notice_superseded",
      "Another notice is in force by now. Show it to the person, and ask again.",
    );
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs)
    throw invalidRecord("The consent has expired already.");
}

const BEFORE = `
  select
    (select count(*)::int from consents where user_id = $1 and purpose = $2 and state = 'given'
       and conversation is not distinct from $3) as given,
    last.state, last.record,
    exists (select from consents w where w.user_id = $1 and w.purpose = $2 and w.state = 'withdrawn'
      and $3::uuid is null and w.number > last.number) as "withdrawnSince",
    exists (select from consents g where g.user_id = $1 and g.purpose = $2 and g.state = 'given'
      and ($3::uuid is null or g.conversation is null or g.conversation = $3)
      and g.number > coalesce((select max(w.number) from consents w where w.user_id = $1 and w.purpose = $2
        and w.state = 'withdrawn' and (w.conversation is null or w.conversation = $3)), 0)) as "anyGiven"
  from (select 1) one left join lateral (
    select state, record, number from consents
    where user_id = $1 and purpose = $2 and conversation is not distinct from $3
    order by number desc limit 1) last on true`;

interface BeforeRow {
  readonly given: number;
  /** The last record about exactly the same; null if there is none. */
  readonly state: "given" | "withdrawn" | null;
  readonly record: Uint8Array | null;
  /** Whether it was withdrawn since in a conversation, which a consent for the account would give back. */
  readonly withdrawnSince: boolean;
  /** Whether anything was given that a withdrawal would end. */
  readonly anyGiven: boolean;
}

/** Returns what a record changes. The chain must be locked. */
export async function changeBy(client: Client, record: ConsentRecord): Promise<ConsentChange> {
  const { user, purpose, conversation, state } = record;
  const { rows } = await client.query<BeforeRow>(BEFORE, [user, purpose, conversation ?? null]);
  const [before] = rows;
  if (before === undefined) throw new TypeError("The statement has one row.");
  const { given } = before;
  // A first refusal is on record, too.
  if (record.state === "withdrawn")
    return { state, given, changesNothing: !before.anyGiven && before.state === "withdrawn" };
  const isSame = before.anyGiven && !before.withdrawnSince && isInSameTerms(before, record);
  return { state, given, changesNothing: isSame };
}

/** Returns whether the last record gave the consent under the same notice, on the same basis and until the same time. */
function isInSameTerms({ record: text }: BeforeRow, record: ConsentRecord): boolean {
  const last = text === null ? undefined : decodeConsent(text);
  return (
    last?.state === "given" &&
    record.state === "given" &&
    last.lawfulBasis === record.lawfulBasis &&
    last.notice.version === record.notice.version &&
    last.notice.language === record.notice.language &&
    last.expiresAtMs === record.expiresAtMs
  );
}
