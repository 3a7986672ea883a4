import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { CaseId } from "../../crypto/wire/ids.ts";
import { audited, type UseCase } from "../../identity/audited.ts";
import type { DeliverableEvent } from "../../messaging/log/event.ts";
import type { Actor } from "../../policies/actor.ts";
import { caseNotFound, ofCase } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";
import type { ExportDeps } from "./export-deps.ts";
import { readPage } from "./export-rows.ts";
import { assertReady, ownExport } from "./own-export.ts";
import { pageEvents, proofOf } from "./page-events.ts";

/**
 * Returns the events of a page, for the person whose data they are.
 * @throws WorkflowError case_not_found, also if there is no such page; export_not_ready; case_moved, if it is over;
 *   export_changed, if an event of the page was erased since; IdentityError forbidden, device_required
 */
export async function takePage(
  deps: UseCase & ExportDeps,
  actor: Actor,
  { id, number }: { readonly id: CaseId; readonly number: number },
): Promise<readonly DeliverableEvent[]> {
  const act = { action: "export.read", resource: ofCase(id), isRepeatable: true } as const;
  const { page, device } = await audited(deps, actor, act, async (client, note) => {
    const { found, decision } = await ownExport(client, actor, id);
    assertReady(found);
    note({ decision, subject: actor.user });
    const packed = await readPage(client, id, number);
    if (packed === undefined) throw caseNotFound();
    return { page: packed, device: found.device };
  });
  const events = await pageEvents(deps, actor.tenant, device, page);
  if (!equalBytes(proofOf(events).root, page.root)) throw changed();
  return events;
}

const changed = (): WorkflowError =>
  new WorkflowError(
    "export_changed",
    "Data of this copy was erased since it was packed. Begin another export.",
  );
