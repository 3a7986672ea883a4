import { logOf } from "../../crypto/wire/ids.ts";
import type { EntryFilter } from "../../audit/export/entry-filter.ts";
import { findEntries, type FoundPage } from "../../audit/search/find-entries.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideAuditReading } from "../../policies/audit-access.ts";
import { assertPurpose } from "../assert-purpose.ts";
import { audited, assertAllowed } from "../audited.ts";
import type { LogReading } from "./follow-log.ts";

/**
 * Returns entries of the tenant's log that match `filter`, in log order. The search itself is
 * audited.
 * @param page.after the index after which to begin
 * @throws IdentityError forbidden, purpose_required; AuditError audit_log_altered and the refusals of `KnownHeads.open`
 */
export function searchEntries(
  deps: LogReading,
  actor: Actor,
  filter: EntryFilter,
  page: { readonly after?: number | undefined; readonly limit: number },
): Promise<FoundPage> {
  const { tenant } = actor;
  const decision = decideAuditReading(actor, tenant);
  const act = {
    action: "audit.search",
    resource: { type: "audit-log", id: tenant },
    decision,
    details: { ...filter, after: page.after },
  } as const;
  return audited(deps, actor, act, async (client, note) => {
    assertAllowed(decision);
    assertPurpose(actor, "audit_log");
    const log = await deps.heads.open(client, logOf(tenant));
    const answer = log === undefined ? NOTHING : await findEntries(client, log, filter, page);
    note({ details: { ...act.details, found: answer.entries.length } });
    return answer;
  });
}

const NOTHING: FoundPage = { entries: [], after: null };
