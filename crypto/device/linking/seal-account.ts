import { concat } from "../../wire/bytes.ts";
import {
  deviceApprovalBytes,
  linkApprovalBytes,
  linkContextBytes,
  type LinkContext,
} from "../../wire/signed-records.ts";
import {
  aeadSeal,
  aeadSizes,
  generateExchangeKey,
  randomBytes,
  sign,
  zeroise,
  type ExchangeKeyPair,
} from "../sodium.ts";
import {
  encodeSecrets,
  linkKey,
  sealedDigest,
  sealedLayout,
  type AccountSecrets,
} from "./account-secrets.ts";

/**
 * Seals the account's secrets to the key that a new device's code names:
 *
 * 1 || one-time X25519 key 32 || Ed25519 signature 64 || nonce 24 || ciphertext
 *
 * The cipher is XChaCha20-Poly1305 under `linkKey`, with the whole context as associated data. The
 * approving device signs context and ciphertext, and inside the approval for the key log. Only the holder of the ephemeral private key can
 * open the record, and only a device that knows the code's secret can have made it.
 * @param context without the one-time key, which is made here
 * @param chance the one-time key and the nonce, for test vectors
 * @throws Error when the ephemeral key is of low order
 */
export function sealAccount(
  input: {
    readonly context: Omit<LinkContext, "oneTimeKey">;
    readonly codeSecret: Uint8Array;
    /** Ed25519 private key of this device. */
    readonly deviceKey: Uint8Array;
    readonly secrets: Omit<AccountSecrets, "approval">;
  },
  chance: { readonly oneTime: ExchangeKeyPair; readonly nonce: Uint8Array } = {
    oneTime: generateExchangeKey(),
    nonce: randomBytes(aeadSizes.nonce),
  },
): Uint8Array {
  const { oneTime, nonce } = chance;
  const whole = { ...input.context, oneTimeKey: oneTime.publicKey };
  const context = linkContextBytes(whole);
  const pair = { privateKey: oneTime.privateKey, publicKey: whole.ephemeralKey };
  const key = linkKey(pair, input.codeSecret, context);
  const approved = deviceApprovalBytes({ ...whole, approvedBy: whole.sibling });
  const approval = sign(approved, input.deviceKey);
  const plaintext = encodeSecrets({ ...input.secrets, approval });
  const sealed = concat(nonce, aeadSeal(key, nonce, plaintext, context));
  for (const secret of [key, plaintext, oneTime.privateKey]) zeroise(secret);
  const signature = sign(linkApprovalBytes(whole, sealedDigest(sealed)), input.deviceKey);
  return concat(Uint8Array.of(sealedLayout.version), oneTime.publicKey, signature, sealed);
}
