import type { CaseId } from "../../crypto/wire/ids.ts";
import { audited, type UseCase } from "../../identity/audited.ts";
import type { Actor } from "../../policies/actor.ts";
import { ofCase } from "../cases/stored-case.ts";
import { readPages, type PackedPage, type StoredExport } from "./export-rows.ts";
import { ownExport } from "./own-export.ts";

/** An export and how far it is. */
export interface ShownExport extends Pick<StoredExport, "state" | "pending" | "packedAtMs"> {
  /** Empty until all are packed. */
  readonly pages: readonly PackedPage[];
}

/** Returns how far an export is. @throws WorkflowError case_not_found; IdentityError forbidden, device_required */
export function showExport(deps: UseCase, actor: Actor, id: CaseId): Promise<ShownExport> {
  const act = { action: "export.show", resource: ofCase(id), isRepeatable: true } as const;
  return audited(deps, actor, act, async (client, note) => {
    const { found, decision } = await ownExport(client, actor, id);
    note({ decision, subject: actor.user });
    const { state, pending, packedAtMs } = found;
    const pages = packedAtMs === null ? [] : await readPages(client, id);
    return { state, pending, packedAtMs, pages };
  });
}
