import { toHex } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import {
  executeApproved,
  refuseApproval,
  withdrawApproval,
} from "../../identity/approvals/execute-approved.ts";
import type { StoredApproval } from "../../identity/approvals/stored-approvals.ts";
import { assertRequesterMay } from "../../identity/approvals/unchanged-requester.ts";
import type { UseCase } from "../../identity/audited.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import type { ApprovalKinds } from "../../messaging/approvals/approval-kind.ts";
import { decideReport } from "../../policies/reports.ts";
import { recordDecision } from "./decide-report.ts";
import { lockReport, ofReport, readReport } from "./report-rows.ts";
import { BAN, banIn } from "./request-ban.ts";

/**
 * Approves a ban as another moderator than the one who asked, and bans. Whoever asked must still be a moderator.
 * @param hash the hash that the person has seen
 * @throws ReportError report_not_found, report_decided; IdentityError own_approval, approval_expired, approval_used,
 *   approval_changed, forbidden, device_required, step_up_required
 */
async function approveBan(
  deps: UseCase,
  party: Party,
  approval: StoredApproval,
  hash: Uint8Array,
): Promise<void> {
  const { id, requester, reason } = approval;
  const ban = banIn(approval);
  const tenant = tenantOf(party);
  const act = { action: "report.approve_ban", resource: ofReport(ban.report) } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    if (requester === nameOf(party))
      throw new IdentityError("own_approval", "Another person must approve what you asked for.");
    const report = await lockReport(client, ban.report);
    const { reporter, reported } = report;
    const decided = assertParty(party, (actor) =>
      decideReport(actor, "approve", { tenant, reporter, reported, requester }),
    );
    if ("actor" in party) await assertFreshFactor(client, party.actor, "approve", nowMs);
    const named = { id, action: BAN, parameters: ban, hash };
    await executeApproved(client, party, named, nowMs, async () => {
      await assertRequesterMay(client, tenant, approval, (asker) =>
        decideReport(asker, "decide", { tenant, reporter, reported }),
      );
      await recordDecision(client, tenant, report, {
        decision: "ban",
        reason,
        by: requester,
        approval: id,
        sanction: {
          kind: "ban",
          device: ban.device ?? undefined,
          hours: ban.hours ?? undefined,
        },
      });
    });
    note({ ...decided, subject: reported, details: { request: id, hash: toHex(hash) } });
  });
}

/** Refuses a ban. One moderator is enough. @throws ReportError report_not_found; IdentityError approval_used, forbidden, device_required */
const refuseBan = (deps: UseCase, party: Party, approval: StoredApproval): Promise<void> =>
  end(deps, party, approval, "refuse");

/** Takes a request for a ban back. @throws ReportError report_not_found; IdentityError approval_used, forbidden, device_required */
const withdrawBan = (deps: UseCase, party: Party, approval: StoredApproval): Promise<void> =>
  end(deps, party, approval, "withdraw");

async function end(
  deps: UseCase,
  party: Party,
  approval: StoredApproval,
  how: "refuse" | "withdraw",
): Promise<void> {
  const { id } = approval;
  const act = {
    action: how === "refuse" ? "report.refuse_ban" : "report.withdraw_ban",
    resource: ofReport(banIn(approval).report),
    details: { request: id },
  } as const;
  await auditedBy(deps, party, act, async (client, note) => {
    const facts = await factsOf(client, party, approval);
    note(assertParty(party, (actor) => decideReport(actor, how, facts)));
    if (how === "refuse") await refuseApproval(client, id, nameOf(party), deps.now());
    else await withdrawApproval(client, id, deps.now());
  });
}

async function factsOf(client: Client, party: Party, approval: StoredApproval) {
  const { reporter, reported } = await readReport(client, banIn(approval).report);
  return { tenant: tenantOf(party), reporter, reported, requester: approval.requester };
}

/** How requests for a ban are answered. */
export const banApprovals: ApprovalKinds = {
  [BAN]: {
    decideRead: async (actor, approval, client) =>
      decideReport(actor, "read", await factsOf(client, { actor }, approval)),
    approve: async (deps, party, approval, hash) => {
      await approveBan(deps, party, approval, hash);
      return { waitsFor: 0 };
    },
    refuse: refuseBan,
    withdraw: withdrawBan,
  },
};
