import type * as sodium from "../../../crypto/device/sodium.ts";
import { authorshipBytes } from "../../../crypto/wire/authorship.ts";
import { payloadCommitment } from "../../../crypto/wire/commitment.ts";
import {
  parseId,
  type ConversationId,
  type DeviceId,
  type MessageId,
  type TenantId,
  type UserId,
} from "../../../crypto/wire/ids.ts";

export const payloadBytes = 200;

/** The steps of a message that are measured. */
export const steps = ["commit", "sign", "verify"] as const;
export type Step = (typeof steps)[number];

export type Library = Pick<
  typeof sodium,
  "createSigner" | "verifySignature" | "generateSigningKey" | "hmacSha256" | "randomBytes"
>;

/** Prepares the steps of one message, in Node or in a page. */
export async function stepsOf({
  createSigner,
  verifySignature,
  generateSigningKey,
  hmacSha256,
  randomBytes,
}: Library): Promise<Readonly<Record<Step, () => unknown>>> {
  const { publicKey, privateKey } = generateSigningKey();
  const frankingKey = randomBytes(32);
  const payload = randomBytes(payloadBytes);
  const place = {
    tenant: parseId<TenantId>(crypto.randomUUID()),
    conversation: parseId<ConversationId>(crypto.randomUUID()),
    user: parseId<UserId>(crypto.randomUUID()),
    senderDevice: parseId<DeviceId>(crypto.randomUUID()),
    epoch: 1,
    clientMessageId: parseId<MessageId>(crypto.randomUUID()),
  };
  const commit = () => payloadCommitment(hmacSha256, frankingKey, payload);
  const signed = { ...place, commitment: commit() };
  const sign = await createSigner(privateKey);
  const signature = await sign(authorshipBytes(signed));
  return {
    commit,
    sign: () => sign(authorshipBytes(signed)),
    verify: () => verifySignature(authorshipBytes(signed), signature, publicKey),
  };
}

/** Repeats a step for some seconds. @returns how often it was done */
export async function repeat(step: () => unknown, seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1000;
  let count = 0;
  for (; performance.now() < endMs; count += 20)
    for (let index = 0; index < 20; index++) await step();
  return count;
}
