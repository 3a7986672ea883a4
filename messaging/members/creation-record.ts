import type { Control } from "../../crypto/wire/frame.ts";
import type { UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { certifyingKeyOf } from "../../identity/transparency/logged-account-keys.ts";

const CREATION = `
  select c.suite, c.creation_device as device, c.creation_signature as signature,
    array(select user_id from members where conversation = c.id and from_seq = 1
      order by user_id) as users,
    d.user_id as user, d.device_key as "deviceKey", d.identity_key as "identityKey",
    d.receipt_key as "receiptKey", d.certificate
  from conversations c
  join devices d on d.id = c.creation_device
  where c.id = $1`;

interface CreationRow {
  readonly suite: string;
  readonly device: DeviceId;
  readonly signature: Buffer;
  /** The creator and the users they named. */
  readonly users: UserId[];
  readonly user: UserId;
  readonly deviceKey: Buffer;
  readonly identityKey: Buffer;
  readonly receiptKey: Buffer;
  readonly certificate: Buffer;
}

/**
 * Returns the creation record for devices that did not see the conversation begin, with the
 * certificate of the device that signed it. That device may be removed by now and in no directory
 * any more. The account key is the one that certified the device. After a reset it is no longer the
 * account's key.
 */
export async function creationRecord(
  client: Client,
  conversation: ConversationId,
): Promise<Control["creation"]> {
  const { rows } = await client.query<CreationRow>(CREATION, [conversation]);
  const [row] = rows;
  if (row === undefined) return undefined;
  const { suite, device, signature, users, ...creator } = row;
  const accountKey = await certifyingKeyOf(client, creator.user, device);
  return {
    suite,
    device,
    signature,
    users,
    creator: accountKey && { ...creator, accountKey },
  };
}
