import { appendEntry } from "../../audit/append-entry.ts";
import type { Step } from "../cases/case-kind.ts";
import { ofCase } from "../cases/stored-case.ts";
import type { ExportDeps } from "./export-deps.ts";
import { pagesToPack, readExport } from "./export-rows.ts";
import { READY_MS } from "./machine.ts";
import { pageEvents, proofOf } from "./page-events.ts";

/** The pages that one step reads, one after the other. */
const PAGES_A_STEP = 20;

/** Reads the events of the next pages and keeps their Merkle roots. After the last page, the device can take the copy. */
export const packPages =
  (deps: ExportDeps): Step =>
  async ({ client, tenant, found, nowMs }) => {
    const { id } = found;
    const { subject, device } = await readExport(client, id);
    const pages = await pagesToPack(client, id, PAGES_A_STEP);
    for (const page of pages) {
      const { events, root, head } = proofOf(await pageEvents(deps, tenant, device, page));
      await client.query(
        "update export_pages set events = $3, root = $4, head = $5 where case_id = $1 and number = $2",
        [id, page.number, events, root, head],
      );
    }
    if (pages.length === PAGES_A_STEP) return { to: "packing" };
    const { rows } = await client.query<{ pages: number; events: number }>(
      `select count(*)::integer as pages, coalesce(sum(events), 0)::integer as events
       from export_pages where case_id = $1`,
      [id],
    );
    const { pages: count = 0, events = 0 } = rows[0] ?? {};
    await client.query("update exports set packed_at_ms = $2 where case_id = $1", [id, nowMs]);
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: { kind: "system", id: "exports" },
      action: "export.pack",
      resource: ofCase(id),
      outcome: "success",
      subject,
      details: { pages: count, events },
    });
    return { to: "ready", wakeAtMs: nowMs + READY_MS };
  };
