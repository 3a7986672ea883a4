import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { assertAllowed, type UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideNotice } from "../../policies/notices.ts";
import { noticeNotFound, ofNotice, readNoticeRows, type NoticeRow } from "./notice-row.ts";

/** A version with its texts. */
export interface NoticeTexts {
  readonly version: number;
  readonly controller: string;
  /** Milliseconds since the Unix epoch; null while nobody has approved it. */
  readonly effectiveFromMs: number | null;
  readonly texts: readonly {
    readonly language: string;
    readonly text: string;
    /** SHA-256 of `noticeBytes`, 32 bytes. */
    readonly digest: Uint8Array;
  }[];
}

const NOTICE = `
  select version, controller, effective_from_ms as "effectiveFromMs"
  from notices
  where version = coalesce($1, sealdesk.notice_version())
    and ($2 or effective_from_ms <= sealdesk.database_now_ms())`;

/**
 * Returns a version that is in force or was, in all its languages.
 * @param version undefined for the one in force
 * @throws MessagingError notice_not_found
 */
export const readPublishedNotice = (
  client: Client,
  version: number | undefined,
): Promise<NoticeTexts> => readTexts(client, version, { withDrafts: false });

async function readTexts(
  client: Client,
  version: number | undefined,
  { withDrafts }: { readonly withDrafts: boolean },
): Promise<NoticeTexts> {
  const { rows } = await client.query<Omit<NoticeTexts, "texts">>(NOTICE, [
    version ?? null,
    withDrafts,
  ]);
  const [notice] = rows;
  if (notice === undefined) throw noticeNotFound();
  const texts = await client.query<NoticeTexts["texts"][number]>(
    `select language, text, digest from notice_texts where version = $1 order by language collate "C"`,
    [notice.version],
  );
  return { ...notice, texts: texts.rows };
}

/**
 * Returns a published notice to anybody who is signed in. Those who oversee notices read drafts, too, because one of them
 * approves the draft of another.
 * @throws MessagingError notice_not_found; IdentityError forbidden
 */
export function readNotice(
  { pool }: Pick<UseCase, "pool">,
  party: Party,
  version: number | undefined,
): Promise<NoticeTexts> {
  const tenant = tenantOf(party);
  return inTransaction(pool, tenant, (client) => {
    if (!("actor" in party)) return readTexts(client, version, { withDrafts: true });
    assertAllowed(decideNotice(party.actor, "read", { tenant }));
    const withDrafts = decideNotice(party.actor, "oversee", { tenant }).allowed;
    return readTexts(client, version, { withDrafts });
  });
}

/** Returns the last versions with drafts, the newest first. @throws IdentityError forbidden */
export function listNotices(deps: UseCase, party: Party): Promise<readonly NoticeRow[]> {
  const tenant = tenantOf(party);
  const act = { action: "notice.list", resource: ofNotice(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideNotice(actor, "oversee", { tenant }));
    const rows = await readNoticeRows(client, deps.now());
    note({ ...decided, details: { found: rows.length } });
    return rows;
  });
}
