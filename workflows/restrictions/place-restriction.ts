import type { CaseId, NewId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { decideRestriction } from "../../policies/restrictions.ts";
import { assertLine } from "../assert-line.ts";
import { ofCase } from "../cases/stored-case.ts";
import { startRestriction, type NewRestriction } from "./start-restriction.ts";

/** A restriction that was placed. */
export interface PlacedRestriction {
  /** The id of its case. */
  readonly id: CaseId;
  /** How many conversations it covers. */
  readonly conversations: number;
}

/**
 * Restricts the processing of a person's conversations (GDPR article 18). It is in force at once on all nodes.
 * @throws WorkflowError subject_not_found, nothing_to_restrict, invalid_restriction; IdentityError forbidden, device_required
 */
export function placeRestriction(
  deps: UseCase & { readonly newId: NewId },
  party: Party,
  asked: NewRestriction,
): Promise<PlacedRestriction> {
  const { subject, law } = asked;
  const id = deps.newId<CaseId>();
  const tenant = tenantOf(party);
  const act = { action: "restriction.place", resource: ofCase(id), subject } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decideRestriction(actor, "place", { tenant, subject }),
    );
    assertLine("invalid_restriction", "provision", law);
    const nowMs = await readDatabaseClock(client);
    const restriction = { ...asked, id, by: nameOf(party) };
    const conversations = await startRestriction(client, tenant, restriction, nowMs);
    note({ ...decided, details: { law, conversations: [...conversations] } });
    return { id, conversations: conversations.length };
  });
}
