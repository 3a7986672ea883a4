import type { Control } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { certifyingKeyOf } from "../../keys/transparency/logged-account-keys.ts";

const CREATION = `
  select c.suite, c.creation_device as device, c.creation_signature as signature,
    d.user_id as user, d.device_key as "deviceKey", d.identity_key as "identityKey",
    d.receipt_key as "receiptKey", d.certificate
  from conversations c
  join devices d on d.id = c.creation_device
  where c.id = $1`;

/**
 * The creation record for who did not see the conversation begin, with the certificate of the device
 * that signed it: by now the device may be removed, and in no directory any more. The account key is
 * the one it was certified by, which after a reset is not the account's own any more.
 */
export async function creationRecord(
  client: Client,
  conversation: Uuid,
): Promise<Control["creation"]> {
  const { rows } = await client.query(CREATION, [conversation]);
  const [row] = rows;
  if (row === undefined) return undefined;
  const { suite, device, signature, ...creator } = row;
  const accountKey = await certifyingKeyOf(client, creator.user, device);
  return {
    suite,
    device,
    signature,
    creator: accountKey && { ...creator, accountKey },
  };
}
