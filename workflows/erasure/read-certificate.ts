import type { CaseId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideErasure } from "../../policies/erasures.ts";
import { ofCase } from "../cases/stored-case.ts";
import { certificateOf, readErasure } from "./erasure-rows.ts";

/**
 * Returns the bytes of the certificate's file.
 * @throws WorkflowError case_not_found, certificate_not_found; IdentityError forbidden
 */
export function readCertificate(deps: UseCase, party: Party, id: CaseId): Promise<Uint8Array> {
  const act = { action: "erasure.read", resource: ofCase(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const facts = { tenant: tenantOf(party), subject: null };
    const decided = assertParty(party, (actor) => decideErasure(actor, "read", facts));
    const { subject } = await readErasure(client, id);
    note({ ...decided, subject });
    return certificateOf(client, id);
  });
}
