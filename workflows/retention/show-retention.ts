import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideRetention, type RetentionRule } from "../../policies/retention.ts";
import {
  ofRetention,
  readLocks,
  readRules,
  readVersions,
  type RetentionLock,
  type ScheduleVersion,
} from "./stored-schedule.ts";

/** How a tenant keeps records. */
export interface Retention {
  /** The rules in force. Records that none is about are kept for ever. */
  readonly rules: readonly RetentionRule[];
  readonly locks: readonly RetentionLock[];
  /** The last versions, the newest first. */
  readonly versions: readonly ScheduleVersion[];
}

/** Returns the schedule in force, its versions and the locks. @throws IdentityError forbidden */
export function showRetention(deps: UseCase, party: Party): Promise<Retention> {
  const tenant = tenantOf(party);
  const act = { action: "retention.read", resource: ofRetention(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decideRetention(actor, "read", { tenant })));
    return {
      rules: await readRules(client),
      locks: await readLocks(client),
      versions: await readVersions(client),
    };
  });
}
