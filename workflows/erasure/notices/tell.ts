import { appendEntry } from "../../../audit/append-entry.ts";
import type { Step } from "../../cases/case-kind.ts";
import { ofCase } from "../../cases/stored-case.ts";
import { noteConsumers } from "../consumers/inform.ts";
import { entryBy } from "../entry-by.ts";
import type { ErasureDeps } from "../erasure-deps.ts";
import { readErasure } from "../erasure-rows.ts";

// Members who have left may have copies, too.
const TELL = `
  insert into erasure_notices (tenant, case_id, device, notified_at_ms)
  select distinct $1::uuid, $2::uuid, d.id, $4::int8
  from erasure_items i
  join member_devices m on m.conversation = i.item
  join devices d on d.id = m.device
  where i.case_id = $2 and i.kind = 'messages' and i.outcome = 'erased'
    and d.user_id <> $3 and d.revoked_at_ms is null
  on conflict do nothing`;

/**
 * Tells every device of other members that may have copies of what was erased, and notes which consumers are to be told. The
 * nodes tell devices that are connected, which answer within seconds. Nobody waits for the others.
 */
export const tell =
  ({ deviceAnswersMs }: Pick<ErasureDeps, "deviceAnswersMs">): Step =>
  async ({ client, tenant, found, nowMs }) => {
    const { subject } = await readErasure(client, found.id);
    const told = await client.query(TELL, [tenant, found.id, subject, nowMs]);
    const devices = told.rowCount ?? 0;
    const consumers = await noteConsumers(client, found.id, nowMs);
    await appendEntry(client, {
      ...entryBy(tenant, subject, nowMs),
      action: "erasure.notify",
      resource: ofCase(found.id),
      details: { devices, consumers },
    });
    return { to: "informing", wakeAtMs: devices === 0 ? nowMs : nowMs + deviceAnswersMs };
  };
