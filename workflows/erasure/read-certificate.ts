import type { CaseId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import { auditedBy, type Party } from "../../identity/party.ts";
import { ofCase } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import { readErasure } from "./erasure-rows.ts";

/**
 * Returns the bytes of the certificate's file.
 * @throws WorkflowError case_not_found, certificate_not_found
 */
export function readCertificate(
  deps: UseCase,
  party: Extract<Party, { readonly operator: unknown }>,
  id: CaseId,
): Promise<Uint8Array> {
  const act = { action: "erasure.read", resource: ofCase(id) } as const;
  return auditedBy(deps, party, act, async (client) => {
    const { certificate } = await readErasure(client, id);
    if (certificate === null)
      throw new WorkflowError(
        "certificate_not_found",
        "The erasure is not certified yet. Look at what the case waits for.",
      );
    return certificate;
  });
}
