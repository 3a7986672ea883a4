import { toHex } from "../../crypto/wire/bytes.ts";
import { isId, type DeviceId, type NewId, type ReportId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { hashOfParameters, requestApproval } from "../../identity/approvals/request-approval.ts";
import type { StoredApproval } from "../../identity/approvals/stored-approvals.ts";
import type { UseCase } from "../../identity/audited.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideReport } from "../../policies/reports.ts";
import { ReportError } from "./report-error.ts";
import { assertReason, lockReport, ofReport } from "./report-rows.ts";

/** The name of the act that another moderator lets happen. */
export const BAN = "report.ban";

/** A ban that a moderator asks for. */
export interface NewBan {
  readonly report: ReportId;
  /** Who is banned: the account, or the one device that sent the messages. */
  readonly of: "account" | "device";
  /** When it ends by itself; undefined if it does not. */
  readonly hours?: number | undefined;
  /** Why: one line of at most 200 characters. */
  readonly reason: string;
}

/** A request for a ban that waits for another moderator. */
export interface RequestedBan {
  readonly id: Uuid;
  /** SHA-256 of what was asked for. Whoever approves names it. */
  readonly hash: Uint8Array;
  /** When nobody may approve it any more, in milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/** What another moderator approves. */
export type BanParameters = {
  readonly report: ReportId;
  /** Null for all devices of the account. */
  readonly device: DeviceId | null;
  /** Null for a ban without an end. */
  readonly hours: number | null;
};

/**
 * Asks that the author of reported messages is banned. Nothing happens until another moderator approves it.
 * @throws ReportError report_not_found, report_decided, invalid_report; IdentityError forbidden, device_required
 */
export function requestBan(
  deps: UseCase & { readonly newId: NewId },
  party: Party,
  asked: NewBan,
): Promise<RequestedBan> {
  const { report: id, reason } = asked;
  const request = deps.newId<Uuid>();
  const tenant = tenantOf(party);
  const act = { action: "report.request_ban", resource: ofReport(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    // Whoever may decide about none does not learn which exist.
    assertParty(party, (actor) => decideReport(actor, "decide", { tenant }));
    assertReason(reason);
    const { reporter, reported } = await lockReport(client, id);
    const decided = assertParty(party, (actor) =>
      decideReport(actor, "decide", { tenant, reporter, reported }),
    );
    const device = asked.of === "device" ? await deviceOf(client, id) : null;
    const parameters: BanParameters = { report: id, device, hours: asked.hours ?? null };
    const hash = hashOfParameters(BAN, parameters);
    const approval = { id: request, action: BAN, parameters, reason };
    const expiresAtMs = await requestApproval(client, party, approval, deps.now());
    note({ ...decided, subject: reported, details: { request, hash: toHex(hash) } });
    return { id: request, hash, expiresAtMs };
  });
}

/** Returns the one device that sent the reported messages. @throws ReportError invalid_report */
async function deviceOf(client: Client, report: ReportId): Promise<DeviceId> {
  const { rows } = await client.query<{ device: DeviceId }>(
    `select distinct sender_device as device from reported_messages where report = $1 and not is_context`,
    [report],
  );
  const [row, another] = rows;
  if (row === undefined || another !== undefined)
    throw new ReportError(
      "invalid_report",
      "The messages come from several devices. Ban the account.",
    );
  return row.device;
}

/** @throws IdentityError approval_changed, for parameters that are not those of a ban */
export function banIn({ parameters }: StoredApproval): BanParameters {
  const { report, device, hours } = parameters;
  const isHours = hours === null || (typeof hours === "number" && Number.isInteger(hours));
  const isDevice = device === null || isId<DeviceId>(device);
  if (!isId<ReportId>(report) || !isDevice || !isHours)
    throw new IdentityError("approval_changed", "These are not the parameters of a ban.");
  return { report, device, hours };
}
