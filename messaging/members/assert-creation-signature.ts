import { creationBytes } from "../../crypto/wire/signed-records.ts";
import type { Client } from "../../db/pool.ts";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import { MessagingError } from "../messaging-error.ts";

/**
 * Requires that the device that a creation record names has signed it.
 * @param signature Ed25519, over `creationBytes`
 * @throws MessagingError invalid_signature
 */
export async function assertCreationSignature(
  client: Client,
  record: Parameters<typeof creationBytes>[0],
  signature: Uint8Array,
): Promise<void> {
  const { rows } = await client.query<{ device_key: Buffer }>(
    "select device_key from devices where id = $1",
    [record.device],
  );
  const key = rows[0]?.device_key ?? new Uint8Array(0);
  if (!verifyEd25519(key, creationBytes(record), signature))
    throw new MessagingError(
      "invalid_signature",
      "The creation record is not signed by this device.",
    );
}
