import type { TestDatabase } from "./database.ts";

/**
 * Deletes all events that a purge may delete, as if they had expired: all but the last one of each conversation, its last
 * act and its last change of the members.
 */
export async function purgeEvents({ owner }: TestDatabase): Promise<void> {
  await owner.query(`
    delete from sealdesk.events e where e.kind > 0
      and exists (select from sealdesk.events l where l.conversation = e.conversation and l.seq > e.seq and l.kind > 0)
      and (e.kind = 1 or exists (
        select from sealdesk.events l where l.conversation = e.conversation and l.seq > e.seq and l.kind > 1))
      and (e.kind not between 2 and 7 or exists (
        select from sealdesk.events l
        where l.conversation = e.conversation and l.seq > e.seq and l.kind between 2 and 7))`);
  await owner.query(`
    delete from sealdesk.packets p where not exists (
      select from sealdesk.events e where e.conversation = p.conversation and e.seq = p.seq and e.kind > 0)`);
}
