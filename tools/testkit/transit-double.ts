import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  randomBytes,
  sign,
} from "node:crypto";
import { ed25519FromSeed } from "../../keys/ed25519.ts";

/** A refusal in Vault's own words and status. */
export class VaultRefusal extends Error {
  readonly status: number;
  constructor(status: number, message = "") {
    super(message);
    this.status = status;
  }
}

interface Key {
  readonly type: string;
  readonly versions: Map<number, Buffer>;
  latest: number;
  minDecryption: number;
  minEncryption: number;
  minAvailable: number;
  deletionAllowed: boolean;
}

type Body = Readonly<Record<string, unknown>>;
const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === "string" ? value : "", "base64");

/** The Transit engine of the DOUBLE, as its HTTP API documents it; part of `vault-double.ts`. */
export class TransitDouble {
  readonly #keys = new Map<string, Key>();

  handle(method: string, path: string, body: Body): object | undefined {
    const [operation = "", name = "", more] = path.split("/");
    if (operation === "keys") return this.#ofKey(method, name, more, body);
    const key = this.#keys.get(name);
    if (key === undefined) {
      // As a policy without "create" has it, in place of making the key.
      if (operation === "encrypt") throw new VaultRefusal(403, "permission denied");
      throw new VaultRefusal(400, "encryption key not found");
    }
    switch (operation) {
      case "encrypt":
        return { data: { ciphertext: encrypt(key, body) } };
      case "decrypt":
        return { data: { plaintext: decrypt(key, body) } };
      case "sign": {
        assertKeyType(key, "ed25519");
        const version = Number(body["key_version"] ?? key.latest);
        const seed = secretOf(key, version);
        const signature = sign(undefined, bytes(body["input"]), ed25519FromSeed(seed));
        return { data: { signature: `vault:v${version}:${signature.toString("base64")}` } };
      }
      case "hmac": {
        const mac = createHmac("sha256", secretOf(key)).update(bytes(body["input"])).digest();
        return { data: { hmac: `vault:v${key.latest}:${mac.toString("base64")}` } };
      }
      default:
        throw new VaultRefusal(404);
    }
  }

  #ofKey(method: string, name: string, more: string | undefined, body: Body): object | undefined {
    const key = this.#keys.get(name);
    if (more === undefined && method === "POST") {
      // Of a key that is there nothing changes.
      if (key === undefined) this.#keys.set(name, newKey(String(body["type"])));
      return this.#ofKey("GET", name, undefined, {});
    }
    if (key === undefined) throw new VaultRefusal(method === "GET" ? 404 : 400, "no existing key");
    if (more === "rotate") {
      key.versions.set(++key.latest, randomBytes(32));
      return this.#ofKey("GET", name, undefined, {});
    }
    if (more === "config") return configure(key, body);
    if (more === "trim") return trim(key, Number(body["min_available_version"]));
    if (method === "DELETE") {
      if (!key.deletionAllowed) throw new VaultRefusal(400, "deletion is not allowed for this key");
      this.#keys.delete(name);
      return undefined;
    }
    return { data: describe(name, key) };
  }
}

function newKey(type: string): Key {
  if (!["aes256-gcm96", "ed25519", "hmac"].includes(type))
    throw new VaultRefusal(400, `unknown key type ${type}`);
  return {
    type,
    versions: new Map([[1, randomBytes(32)]]),
    latest: 1,
    minDecryption: 1,
    minEncryption: 0,
    minAvailable: 0,
    deletionAllowed: false,
  };
}

function configure(key: Key, body: Body): undefined {
  const decryption = Number(body["min_decryption_version"] ?? key.minDecryption);
  const encryption = Number(body["min_encryption_version"] ?? key.minEncryption);
  if (decryption > key.latest || encryption > key.latest)
    throw new VaultRefusal(400, "cannot set a minimum higher than the latest key version");
  key.minDecryption = decryption;
  key.minEncryption = encryption;
  key.deletionAllowed = body["deletion_allowed"] === true || key.deletionAllowed;
  return undefined;
}

function trim(key: Key, first: number): undefined {
  if (key.minEncryption === 0 || key.minDecryption === 0)
    throw new VaultRefusal(400, "minimum available version cannot be set when a minimum is zero");
  if (first > Math.min(key.minDecryption, key.minEncryption))
    throw new VaultRefusal(400, "minimum available version is over a minimum");
  if (first < key.minAvailable) throw new VaultRefusal(400, "versions cannot come back");
  key.minAvailable = first;
  for (const version of key.versions.keys()) if (version < first) key.versions.delete(version);
  return undefined;
}

function describe(name: string, key: Key): object {
  const shown = [...key.versions].filter(([version]) => version >= key.minDecryption);
  return {
    name,
    type: key.type,
    latest_version: key.latest,
    min_decryption_version: key.minDecryption,
    min_encryption_version: key.minEncryption,
    min_available_version: key.minAvailable,
    keys: Object.fromEntries(
      shown.map(([version, seed]) => [
        String(version),
        key.type === "ed25519" ? { public_key: publicKeyOf(seed) } : 1_700_000_000,
      ]),
    ),
  };
}

function publicKeyOf(seed: Buffer): string {
  const { x = "" } = createPublicKey(ed25519FromSeed(seed)).export({ format: "jwk" });
  return Buffer.from(x, "base64url").toString("base64");
}

function assertKeyType(key: Key, type: string): void {
  if (key.type !== type) throw new VaultRefusal(400, `key type ${key.type} does not support this`);
}

/** @throws VaultRefusal if the version was trimmed, or there is none */
function secretOf(key: Key, version = key.latest): Buffer {
  const secret = key.versions.get(version);
  if (secret === undefined) throw new VaultRefusal(400, "requested version is not available");
  return secret;
}

function encrypt(key: Key, body: Body): string {
  assertKeyType(key, "aes256-gcm96");
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", secretOf(key), nonce);
  cipher.setAAD(bytes(body["associated_data"]));
  const sealed = Buffer.concat([cipher.update(bytes(body["plaintext"])), cipher.final()]);
  const box = Buffer.concat([nonce, sealed, cipher.getAuthTag()]);
  return `vault:v${key.latest}:${box.toString("base64")}`;
}

function decrypt(key: Key, body: Body): string {
  assertKeyType(key, "aes256-gcm96");
  const [, number, box = ""] = /^vault:v(\d+):(.*)$/.exec(String(body["ciphertext"])) ?? [];
  // From Vault's first days.
  const version = number === "0" ? 1 : Number(number);
  if (version > key.latest || !(version >= 1))
    throw new VaultRefusal(400, "invalid ciphertext: version is too new");
  if (version < key.minDecryption)
    throw new VaultRefusal(
      400,
      "ciphertext or signature version is disallowed by policy (too old)",
    );
  const secret = key.versions.get(version) ?? Buffer.alloc(0);
  const sealed = Buffer.from(box, "base64");
  if (sealed.length < 28) throw new VaultRefusal(400, "invalid ciphertext: not enough bytes");
  try {
    const decipher = createDecipheriv("aes-256-gcm", secret, sealed.subarray(0, 12));
    decipher.setAAD(bytes(body["associated_data"]));
    decipher.setAuthTag(sealed.subarray(-16));
    const opened = [decipher.update(sealed.subarray(12, -16)), decipher.final()];
    return Buffer.concat(opened).toString("base64");
  } catch {
    throw new VaultRefusal(400, "cipher: message authentication failed");
  }
}
