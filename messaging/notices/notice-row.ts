import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { MessagingError } from "../messaging-error.ts";

/** The resource of an act on a version of the notice. */
export const ofNotice = (id: string | number) => ({ type: "notice" as const, id: String(id) });

/** A version with its request. Times are milliseconds since the Unix epoch. */
export interface NoticeRow {
  readonly version: number;
  readonly controller: string;
  readonly hash: Uint8Array;
  readonly languages: readonly string[];
  readonly approval: Uuid;
  /**
   * "draft": waits for a second person. "expired": nobody approved it in time. "closed": withdrawn, refused, or stopped.
   * "approved": takes effect later. "in_force": shown now. "superseded": shown before.
   */
  readonly state: "draft" | "expired" | "closed" | "approved" | "in_force" | "superseded";
  readonly reason: string;
  /** Who proposed it: the id of an account, or "operator:" and the name of a person. */
  readonly requester: string;
  readonly approver: string | null;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  /** When it is to take effect; null for the moment of the approval. */
  readonly beginsAtMs: number | null;
  readonly effectiveFromMs: number | null;
}

const SELECT = `
  select n.version, n.controller, n.hash, n.approval, a.reason, a.requester, a.approver,
    array(select t.language from notice_texts t where t.version = n.version order by t.language collate "C")
      as languages,
    a.requested_at_ms as "requestedAtMs", a.expires_at_ms as "expiresAtMs",
    n.begins_at_ms as "beginsAtMs", n.effective_from_ms as "effectiveFromMs",
    case when coalesce(a.withdrawn_at_ms, a.refused_at_ms, n.stopped_at_ms) is not null then 'closed'
      when n.effective_from_ms is null and a.expires_at_ms <= $1 then 'expired'
      when n.effective_from_ms is null then 'draft'
      when n.effective_from_ms > sealdesk.database_now_ms() then 'approved'
      when n.version = sealdesk.notice_version() then 'in_force'
      else 'superseded' end as state
  from notices n join approvals a on a.tenant = n.tenant and a.id = n.approval`;

const MOST_LISTED = 200;

/** Returns the last versions, the newest first. */
export async function readNoticeRows(client: Client, nowMs: number): Promise<readonly NoticeRow[]> {
  const { rows } = await client.query<NoticeRow>(`${SELECT} order by n.version desc limit $2`, [
    nowMs,
    MOST_LISTED,
  ]);
  return rows;
}

/** @throws MessagingError notice_not_found */
export async function readNoticeRow(
  client: Client,
  approval: Uuid,
  nowMs: number,
): Promise<NoticeRow> {
  const { rows } = await client.query<NoticeRow>(`${SELECT} where n.approval = $2`, [
    nowMs,
    approval,
  ]);
  const [row] = rows;
  if (row === undefined) throw noticeNotFound();
  return row;
}

export const noticeNotFound = (): MessagingError =>
  new MessagingError("notice_not_found", "There is no such published notice.");

/** Everything that an approval of a notice is about. */
export const parametersOf = ({
  version,
  hash,
  beginsAtMs,
}: Pick<NoticeRow, "version" | "hash" | "beginsAtMs">) => ({
  version,
  hash: Buffer.from(hash).toString("hex"),
  beginsAtMs,
});
