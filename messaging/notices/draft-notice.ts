import { hash as hashOf } from "node:crypto";
import { concat, toHex } from "../../crypto/wire/bytes.ts";
import type { NewId, TenantId } from "../../crypto/wire/ids.ts";
import { languageTag, noticeBytes } from "../../crypto/wire/notice.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { hashOfParameters, requestApproval } from "../../identity/approvals/request-approval.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideNotice } from "../../policies/notices.ts";
import { MessagingError } from "../messaging-error.ts";
import { ofNotice, parametersOf } from "./notice-row.ts";

/** The name of the act that the second person lets happen. */
export const PUBLISH_NOTICE = "notice.publish";

/** Limits of a version: its languages, and the characters of one text. */
const noticeLimits = { languages: 32, characters: 65_536 } as const;
const MOST_DRAFTS = 20;
const LATEST_MS = 365 * 86_400_000;

/** A version that somebody proposes. */
export interface NewNotice {
  /** Who decides about the data: name and contact, 1 to 500 characters. */
  readonly controller: string;
  /** Markdown by language (RFC 5646). */
  readonly texts: readonly { readonly language: string; readonly text: string }[];
  /** Why, for the person who approves: one line. */
  readonly reason: string;
  /** When it is to take effect, in milliseconds since the Unix epoch; null for the moment of the approval. */
  readonly beginsAtMs: number | null;
}

export interface NoticeDraft {
  readonly version: number;
  /** The request that another person approves. */
  readonly approval: Uuid;
  /** The hash of the request, which that person names. */
  readonly hash: Uint8Array;
  /** When nobody may approve it any more, in milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/**
 * Makes a draft of a notice. Nobody is shown it until a second person approves it.
 * @throws MessagingError invalid_notice; IdentityError forbidden, device_required
 */
export function draftNotice(
  deps: UseCase & { readonly newId: NewId },
  party: Party,
  { controller, texts, reason, beginsAtMs }: NewNotice,
): Promise<NoticeDraft> {
  const tenant = tenantOf(party);
  const approval = deps.newId<Uuid>();
  const act = { action: "notice.draft", resource: ofNotice(approval) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideNotice(actor, "propose", { tenant }));
    const nowMs = deps.now();
    assertController(controller);
    assertValid(texts);
    if (beginsAtMs !== null && beginsAtMs > nowMs + LATEST_MS)
      throw invalid("A notice takes effect within 365 days.");
    const version = await nextVersion(client, tenant, nowMs);
    const digested = texts
      .toSorted((a, b) => (a.language < b.language ? -1 : 1))
      .map((each) => ({ ...each, digest: digestOf({ tenant, version, controller, ...each }) }));
    const hash = sha256(concat(...digested.map(({ digest }) => digest)));
    const parameters = parametersOf({ version, hash, beginsAtMs });
    const request = { id: approval, action: PUBLISH_NOTICE, parameters, reason };
    const expiresAtMs = await requestApproval(client, party, request, nowMs);
    await client.query(
      `insert into notices (tenant, version, controller, hash, approval, begins_at_ms)
       values ($1, $2, $3, $4, $5, $6)`,
      [tenant, version, controller, hash, approval, beginsAtMs],
    );
    for (const { language, text, digest } of digested)
      await client.query(
        "insert into notice_texts (tenant, version, language, text, digest) values ($1, $2, $3, $4, $5)",
        [tenant, version, language, text, digest],
      );
    const languages = digested.map(({ language }) => language);
    const requestHash = hashOfParameters(PUBLISH_NOTICE, parameters);
    const details = { version, hash: toHex(hash), languages, requestHash: toHex(requestHash) };
    note({ ...decided, details });
    return { version, approval, hash: requestHash, expiresAtMs };
  });
}

const sha256 = (bytes: Uint8Array): Uint8Array => hashOf("sha256", bytes, "buffer");
const digestOf = (notice: Parameters<typeof noticeBytes>[0]): Uint8Array =>
  sha256(noticeBytes(notice));

function assertController(controller: string): void {
  if (
    controller.length === 0 ||
    controller.length > 500 ||
    /\p{Surrogate}|\p{Cc}/u.test(controller)
  )
    throw invalid("The controller is one line of 1 to 500 characters: name and contact.");
}

function assertValid(texts: NewNotice["texts"]): void {
  const languages = new Set(texts.map(({ language }) => language));
  if (texts.length === 0 || texts.length > noticeLimits.languages)
    throw invalid(`Give the notice in 1 to ${noticeLimits.languages} languages.`);
  if (languages.size < texts.length) throw invalid("Each language has one text.");
  for (const { language, text } of texts) {
    if (!languageTag.test(language)) throw invalid('A language is a tag such as "de" or "pt-BR".');
    if (text.length === 0 || text.length > noticeLimits.characters)
      throw invalid(`A text has 1 to ${noticeLimits.characters} characters.`);
    if (/\p{Surrogate}|\0/u.test(text)) throw invalid("A text is valid Unicode.");
  }
}

const invalid = (what: string): MessagingError => new MessagingError("invalid_notice", what);

/** Two drafts at the same time wait for each other, so that each gets a number. */
async function nextVersion(client: Client, tenant: TenantId, nowMs: number): Promise<number> {
  await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`notice ${tenant}`]);
  const { rows } = await client.query<{ next: number; waiting: number }>(
    `select coalesce(max(n.version), 0) + 1 as next, (count(*) filter (where a.executed_at_ms is null
       and a.withdrawn_at_ms is null and a.refused_at_ms is null and a.expires_at_ms > $1))::integer as waiting
     from notices n join approvals a on a.tenant = n.tenant and a.id = n.approval`,
    [nowMs],
  );
  const { next = 1, waiting = 0 } = rows[0] ?? {};
  if (waiting >= MOST_DRAFTS)
    throw invalid(`${MOST_DRAFTS} drafts wait for an approval. Withdraw one first.`);
  return next;
}
