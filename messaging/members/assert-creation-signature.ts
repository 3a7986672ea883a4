import { creationBytes } from "../../crypto/wire/signed-records.ts";
import type { SuiteName } from "../../crypto/wire/suites.ts";
import type { DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import type { Actor } from "../../policies/actor.ts";
import { MessagingError } from "../messaging-error.ts";

/** The fields of a new conversation that its creation record names, and the signature over it. */
interface SignedCreation {
  readonly id: ConversationId;
  readonly suite: SuiteName;
  /** Ed25519, over `creationBytes`. */
  readonly creationSignature: Uint8Array;
}

/**
 * Requires that the actor's device signed the creation record of the conversation.
 * @throws MessagingError invalid_signature
 */
export async function assertCreationSignature(
  client: Client,
  actor: Actor,
  device: DeviceId,
  creation: SignedCreation,
): Promise<void> {
  const { rows } = await client.query<{ device_key: Buffer }>(
    "select device_key from devices where id = $1",
    [device],
  );
  const key = rows[0]?.device_key ?? new Uint8Array(0);
  const record = creationBytes({
    tenant: actor.tenant,
    conversation: creation.id,
    suite: creation.suite,
    device,
  });
  if (!verifyEd25519(key, record, creation.creationSignature))
    throw new MessagingError(
      "invalid_signature",
      "The creation record is not signed by this device.",
    );
}
