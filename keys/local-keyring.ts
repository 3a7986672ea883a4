import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fromBase64Url, toBase64Url } from "../crypto/wire/bytes.ts";
import { readKeyring, writeKeyring, type KeyringContents } from "./keyring-file.ts";
import { KeysError } from "./keys-error.ts";
import { replaceFile, writeFileOnce } from "./private-file.ts";
import { Secret } from "./secret.ts";

/** The server's own keys. None of them opens a message. */
export interface Keyring {
  /** Signs access tokens (Ed25519). */
  readonly signingKey: KeyObject;
  readonly verifyingKey: KeyObject;
  /** Tags accepted messages, 32 bytes: see `frankingTag` in crypto/wire. */
  readonly frankingKey: Secret<Uint8Array>;
  /** Finds a customer by their subject without storing it, 32 bytes. */
  readonly blindIndexKey: Secret<Uint8Array>;
}

export interface KeyringOptions {
  /** SEALDESK_HOME: the folder that holds `keyring.json`. */
  readonly home: string;
  readonly passphrase: Secret<string> | undefined;
  /** True in production: a keyring that is not sealed is refused. */
  readonly mustBeSealed: boolean;
}

/**
 * Opens the keyring, and makes it on first use. A keyring made without a passphrase is sealed the
 * first time one is given. A file that cannot be read as a keyring is never replaced.
 * @throws KeysError keyring_damaged, keyring_unreachable, passphrase_required, wrong_passphrase
 */
export async function openLocalKeyring(options: KeyringOptions): Promise<Keyring> {
  const { home, passphrase, mustBeSealed } = options;
  if (mustBeSealed && passphrase === undefined)
    throw new KeysError(
      "passphrase_required",
      "In production the keyring must be sealed; set SEALDESK_KEYRING_PASSPHRASE.",
    );
  const path = join(home, "keyring.json");
  const text = await reach(() => readOrMake(path, passphrase));
  const { keys, sealed } = await readKeyring(text, passphrase);
  if (!sealed && passphrase !== undefined) {
    const resealed = await writeKeyring(keys, passphrase);
    await reach(() => replaceFile(path, resealed));
  }
  return keyringOf(keys);
}

async function readOrMake(path: string, passphrase: Secret<string> | undefined): Promise<string> {
  const existing = await readFile(path, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  if (existing !== undefined) return existing;
  await writeFileOnce(path, await writeKeyring(newKeys(), passphrase));
  // Another process may have been first; what stands in the file counts.
  return readFile(path, "utf8");
}

function newKeys(): KeyringContents {
  const { x, d } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return {
    signingKey: { kty: "OKP", crv: "Ed25519", x: x ?? "", d: d ?? "" },
    frankingKey: toBase64Url(randomBytes(32)),
    blindIndexKey: toBase64Url(randomBytes(32)),
  };
}

function keyringOf(keys: KeyringContents): Keyring {
  const signingKey = createPrivateKey({ key: keys.signingKey, format: "jwk" });
  return {
    signingKey,
    verifyingKey: createPublicKey(signingKey),
    frankingKey: new Secret(fromBase64Url(keys.frankingKey)),
    blindIndexKey: new Secret(fromBase64Url(keys.blindIndexKey)),
  };
}

async function reach<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new KeysError("keyring_unreachable", "The keyring file cannot be read or written.", {
      cause,
    });
  }
}
