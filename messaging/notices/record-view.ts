import { hash } from "node:crypto";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { DeviceId, UserId } from "../../crypto/wire/ids.ts";
import { decodeView, viewBytes, type NoticeRef } from "../../crypto/wire/notice.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import type { Client } from "../../db/pool.ts";
import { assertAllowedOnDevice, audited, type UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideNotice } from "../../policies/notices.ts";
import { assertSignedBy, invalidRecord } from "../receipts/receipts.ts";
import { noticeNotFound, ofNotice } from "./notice-row.ts";
import { readPublishedNotice } from "./read-notice.ts";

/** A text that a device signed with its receipt key. */
export interface SignedText {
  readonly text: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Records that a device showed a notice to its user, as the device has signed it. A repeated statement changes
 * nothing: the first one counts.
 * @throws MessagingError invalid_record, invalid_signature, notice_not_found; IdentityError forbidden,
 *   device_required
 */
export function recordView(deps: UseCase, actor: Actor, signed: SignedText): Promise<void> {
  const view = opened(signed);
  const { tenant, notice } = view;
  const { version, language } = notice;
  const record = hash("sha256", signed.text, "hex");
  const act = {
    action: "notice.show",
    resource: ofNotice(version),
    details: { version, language, record },
    // The signed statement is kept, so the entry of each repeat would say nothing more.
    isRepeatable: true,
  } as const;
  return audited(deps, actor, act, async (client, note) => {
    const decision = decideNotice(actor, "show", { tenant: actor.tenant });
    assertAllowedOnDevice(decision);
    if (tenant !== actor.tenant || view.user !== actor.user || view.device !== actor.device)
      throw invalidRecord("The statement belongs to another user or device.");
    await assertSignedBy(client, view.device, viewBytes(signed.text), signed.signature);
    await assertPublished(client, notice);
    await client.query(
      `insert into notice_views (tenant, user_id, device, version, language, record, signature, received_at_ms)
       values ($1, $2, $3, $4, $5, $6, $7, sealdesk.database_now_ms()) on conflict do nothing`,
      [tenant, view.user, view.device, version, language, signed.text, signed.signature],
    );
    note({ decision });
  });
}

function opened({ text }: SignedText) {
  try {
    return decodeView(text);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw invalidRecord("The statement does not have the documented form.", cause);
  }
}

/**
 * Requires that a notice was published with exactly this text.
 * @throws MessagingError notice_not_found, invalid_record
 */
export async function assertPublished(
  client: Client,
  { version, language, digest }: NoticeRef,
): Promise<void> {
  const { texts } = await readPublishedNotice(client, version);
  const text = texts.find((each) => each.language === language);
  if (text === undefined) throw noticeNotFound();
  if (!equalBytes(text.digest, digest))
    throw invalidRecord("The notice that the record names has another text.");
}

/** Names a statement among those about a version. A device may show a version in several languages. */
export interface ViewPlace {
  readonly device: DeviceId;
  readonly language: string;
}

/** Who was shown a version, when. */
export interface NoticeViewRow extends SignedText, ViewPlace {
  readonly user: UserId;
  /** When the server received the statement, in milliseconds since the Unix epoch. */
  readonly receivedAtMs: number;
}

/** The statements of one page. */
const MOST_VIEWS = 500;

/**
 * Returns who was shown a version, a page at a time, in the order in which the server learned of it.
 * @param asked.after the last statement of the page before
 * @throws MessagingError notice_not_found; IdentityError forbidden
 */
export function listViews(
  deps: UseCase,
  party: Party,
  { version, after }: { readonly version: number; readonly after?: ViewPlace | undefined },
): Promise<readonly NoticeViewRow[]> {
  const tenant = tenantOf(party);
  const act = {
    action: "notice.list_views",
    resource: ofNotice(version),
    details: { version },
  } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideNotice(actor, "oversee", { tenant }));
    await readPublishedNotice(client, version);
    const { rows } = await client.query<NoticeViewRow>(
      `select user_id as "user", device, language, record as text, signature, received_at_ms as "receivedAtMs"
       from notice_views
       where version = $1 and ($2::uuid is null or (received_at_ms, device, language collate "C") > (
         select received_at_ms, device, language from notice_views
         where version = $1 and device = $2 and language = $3))
       order by received_at_ms, device, language collate "C" limit $4`,
      [version, after?.device ?? null, after?.language ?? null, MOST_VIEWS],
    );
    note({ ...decided, details: { version, found: rows.length } });
    return rows;
  });
}
