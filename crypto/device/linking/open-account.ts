import {
  deviceApprovalBytes,
  linkApprovalBytes,
  linkContextBytes,
  type LinkContext,
} from "../../wire/signed-records.ts";
import { DeviceError } from "../device-error.ts";
import { aeadOpen, verifySignature, zeroise } from "../sodium.ts";
import {
  decodeSecrets,
  linkKey,
  sealedDigest,
  sealedLayout,
  type AccountSecrets,
} from "./account-secrets.ts";

/**
 * Opens what `sealAccount` made, and checks the approval of this device. The caller reads the key log before
 * it registers.
 * @param input.ephemeralKey X25519 private key of this request
 * @throws DeviceError link_not_authentic: the sender did not read the code, made this for another
 *   context, or did not sign the approval
 */
export function openAccount(input: {
  readonly context: Omit<LinkContext, "oneTimeKey">;
  readonly codeSecret: Uint8Array;
  readonly ephemeralKey: Uint8Array;
  readonly record: Uint8Array;
}): AccountSecrets {
  const { record } = input;
  const { version, oneTimeKey: at, signature: signed, nonce: from, rest } = sealedLayout;
  if (record[0] !== version || record.length <= rest) throw notAuthentic();
  const oneTimeKey = record.slice(at, signed);
  const whole = { ...input.context, oneTimeKey };
  const sealed = record.subarray(from);
  const statement = linkApprovalBytes(whole, sealedDigest(sealed));
  if (!verifySignature(statement, record.subarray(signed, from), whole.siblingKey))
    throw notAuthentic();
  const secrets = opened(input, linkContextBytes(whole), oneTimeKey, sealed);
  const approved = deviceApprovalBytes({ ...whole, approvedBy: whole.sibling });
  if (!verifySignature(approved, secrets.approval, whole.siblingKey)) throw notAuthentic();
  return secrets;
}

function opened(
  {
    codeSecret,
    ephemeralKey,
  }: Pick<Parameters<typeof openAccount>[0], "codeSecret" | "ephemeralKey">,
  context: Uint8Array,
  oneTimeKey: Uint8Array,
  sealed: Uint8Array,
): AccountSecrets {
  const nonceBytes = sealedLayout.rest - sealedLayout.nonce;
  const wiped: Uint8Array[] = [];
  try {
    const key = linkKey({ privateKey: ephemeralKey, publicKey: oneTimeKey }, codeSecret, context);
    wiped.push(key);
    const nonce = sealed.subarray(0, nonceBytes);
    const plaintext = aeadOpen(key, nonce, sealed.subarray(nonceBytes), context);
    wiped.push(plaintext);
    const { contacts, keyLog, list, approval, authority } = decodeSecrets(plaintext);
    // Keys are views of memory that is wiped below.
    return {
      contacts: contacts.map(({ user, accountKey }) => ({
        user,
        accountKey: Uint8Array.from(accountKey),
      })),
      keyLog,
      list,
      approval: Uint8Array.from(approval),
      authority: authority && Uint8Array.from(authority),
    };
  } catch (cause) {
    throw notAuthentic(cause);
  } finally {
    for (const secret of wiped) zeroise(secret);
  }
}

const notAuthentic = (cause?: unknown): DeviceError =>
  new DeviceError(
    "link_not_authentic",
    "The approval was not made by a device that read this device's code.",
    cause === undefined ? {} : { cause },
  );
