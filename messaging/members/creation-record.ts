import type { Control } from "../../crypto/wire/frame.ts";
import type { UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { deviceProof } from "../receipts/device-proof.ts";

const CREATION = `
  select c.suite, c.creation_device as device, c.creation_signature as signature,
    array(select user_id from members where conversation = c.id and from_seq = 1
      order by user_id) as users
  from conversations c where c.id = $1`;

interface CreationRow {
  readonly suite: string;
  readonly device: DeviceId;
  readonly signature: Buffer;
  /** The creator and the users they named. */
  readonly users: UserId[];
}

/**
 * Returns the creation record for devices that did not see the conversation begin, with the
 * certificate of the device that signed it.
 */
export async function creationRecord(
  client: Client,
  conversation: ConversationId,
): Promise<Control["creation"]> {
  const { rows } = await client.query<CreationRow>(CREATION, [conversation]);
  const [row] = rows;
  return row && { ...row, creator: await deviceProof(client, row.device) };
}
