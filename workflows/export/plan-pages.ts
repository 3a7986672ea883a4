import type { Step } from "../cases/case-kind.ts";
import { readExport } from "./export-rows.ts";
import { PAGE_EVENTS } from "./page-events.ts";

// What the person could see as a member, up to the event that the log has now.
const PLAN = `
  insert into export_pages (tenant, case_id, number, conversation, from_seq, until_seq)
  select sealdesk.current_tenant(), $1, row_number() over (order by c.created_at_ms, c.id, page.from_seq) - 1, c.id,
    page.from_seq, least(page.from_seq + ${PAGE_EVENTS} - 1, seen.until_seq)
  from members m join conversations c on c.id = m.conversation
  cross join lateral (
    select e.seq from events e where e.conversation = c.id and e.kind > 0 order by e.seq desc limit 1) last
  cross join lateral (select least(coalesce(m.until_seq, last.seq), last.seq) as until_seq) seen
  cross join lateral generate_series(m.from_seq, seen.until_seq, ${PAGE_EVENTS}) as page (from_seq)
  where m.user_id = $2`;

/** Fixes which events belong to the copy. */
export const planPages: Step = async ({ client, found }) => {
  const { subject } = await readExport(client, found.id);
  await client.query(PLAN, [found.id, subject]);
  return { to: "packing" };
};
