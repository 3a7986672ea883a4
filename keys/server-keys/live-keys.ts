import { createPublicKey, type KeyObject } from "node:crypto";
import { fromBase64Url } from "../../crypto/wire/bytes.ts";
import { ed25519FromSeed, thumbprintOf } from "../ed25519.ts";
import { KeysError } from "../keys-error.ts";
import type { Kms } from "../kms/kms.ts";
import { Secret } from "../secret.ts";
import {
  SERVER_KEYS_KEK,
  serverKeyContext,
  type ServerKeyName,
  type ServerKeyRow,
} from "./server-key.ts";

/** One unwrapped version. */
export interface LiveKey {
  readonly name: ServerKeyName;
  readonly version: number;
  readonly secret: Secret<Uint8Array>;
  /** Milliseconds since the Unix epoch. Undefined means without limit. */
  readonly servesUntilMs: number | undefined;
  /** The key pair, only for `tokens`. */
  readonly pair: TokenKeyPair | undefined;
}

export interface TokenKeyPair {
  /** JWK thumbprint, RFC 7638. */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/**
 * Unwraps a key.
 * @throws KeysError keyring_foreign, and the service's own
 */
export async function unwrapServerKey(kms: Kms, row: ServerKeyRow): Promise<LiveKey> {
  const { name, version, provider, wrappingVersion } = row;
  if (provider !== kms.name)
    throw foreign(
      `SEALDESK_KMS is ${kms.name}, but the database's keys are wrapped by ${provider}.`,
    );
  const wrapped = { version: wrappingVersion, bytes: row.wrapped ?? new Uint8Array() };
  const context = serverKeyContext(name, version);
  const secret = await kms.unwrap(SERVER_KEYS_KEK, wrapped, context).catch((cause: unknown) => {
    if (!(cause instanceof KeysError) || !isForeign(cause)) throw cause;
    throw foreign(
      kms.name === "local"
        ? "This keyring does not belong to the database. Restore the keyring.json that does."
        : `The ${kms.name} key service did not wrap this database's keys, or ${SERVER_KEYS_KEK} was destroyed in it.`,
      cause,
    );
  });
  return {
    name,
    version,
    secret: new Secret(secret),
    servesUntilMs: row.servesUntilMs ?? undefined,
    pair: name === "tokens" ? pairOf(secret) : undefined,
  };
}

const isForeign = ({ code }: KeysError): boolean =>
  code === "kms_key_not_found" || code === "kms_refused" || code === "kms_key_destroyed";

const foreign = (message: string, cause?: unknown): KeysError =>
  new KeysError("keyring_foreign", message, { cause });

function pairOf(seed: Uint8Array): TokenKeyPair {
  const privateKey = ed25519FromSeed(seed);
  const publicKey = createPublicKey(privateKey);
  const bytes = fromBase64Url(publicKey.export({ format: "jwk" }).x ?? "");
  return { kid: thumbprintOf(bytes), privateKey, publicKey };
}
