import { int8Array, uuidArray } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import type { DeviceId, ConversationId } from "../../crypto/wire/ids.ts";

/** A device has acknowledged everything up to event `seq`, which seems to be its last. */
export interface Finished {
  readonly conversation: ConversationId;
  readonly device: DeviceId;
  readonly seq: number;
}

// A writer that appends to a closed conversation locks the same row. So either this transaction sees
// its event, or that writer sees the mark and removes it.
const LOCK = `
  select from conversations where id = any($1::uuid[]) order by id for share`;

const MARK = `
  update member_devices md set finished = true
  from unnest($1::uuid[], $2::uuid[], $3::int8[]) as done (conversation, device, seq)
  where md.conversation = done.conversation and md.device = done.device and not md.finished
    and not exists (
      select from member_devices each join conversations c on c.id = each.conversation
      where each.conversation = done.conversation and each.device = done.device
        and (each.until_seq > done.seq
          or each.until_seq is null and (c.state = 'open' or exists (
            select from events e
            where e.conversation = done.conversation and e.seq > done.seq and e.kind > 0))))`;

/**
 * Marks the conversations that are finished for a device: it left or the conversation is closed, and
 * nothing that it may see comes after `seq`. They are no longer listed when the device connects.
 * What turns out not to be finished is left as it is.
 */
export async function markFinished(client: Client, rows: readonly Finished[]): Promise<void> {
  const conversations = uuidArray(rows.map(({ conversation }) => conversation));
  await client.query(LOCK, [conversations]);
  await client.query(MARK, [
    conversations,
    uuidArray(rows.map(({ device }) => device)),
    int8Array(rows.map(({ seq }) => seq)),
  ]);
}

const UNMARK = `
  update member_devices set finished = false
  where conversation = $1 and finished and (until_seq is null or until_seq >= $2)`;

/**
 * Removes the marks of the devices that may see event `seq`. Call it in the transaction that appends
 * this event to a closed conversation.
 */
export async function markUnfinished(
  client: Client,
  conversation: ConversationId,
  seq: number,
): Promise<void> {
  await client.query("select from conversations where id = $1 for update", [conversation]);
  await client.query(UNMARK, [conversation, seq]);
}
