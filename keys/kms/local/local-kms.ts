import { createHmac, createPublicKey, randomBytes, sign, type KeyObject } from "node:crypto";
import { fromBase64Url, toBase64Url } from "../../../crypto/wire/bytes.ts";
import { ed25519FromSeed } from "../../ed25519.ts";
import type { Kms, KmsKeyKind, WrappedKey } from "../kms.ts";
import {
  assertKeyLength,
  assertLogName,
  keyDestroyed,
  keyNotFound,
  notUnwrapped,
  refused,
  wrongKind,
} from "../kms-errors.ts";
import { rewrap } from "../rewrap.ts";
import type { NamedKey } from "./keyring-file.ts";
import type { Keyring } from "./keyring.ts";
import { openBox, sealBox } from "./wrapping.ts";

/** Keys in the keyring file, used in the memory of this process. */
export class LocalKms implements Kms {
  readonly name = "local";
  readonly #keyring: Keyring;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  async ensureKey(key: string, kind: KmsKeyKind): Promise<void> {
    assertLogName(key);
    const existing = (await this.#keyring.contents()).keys[key];
    if (existing === undefined)
      await this.#keyring.change((contents) => {
        if (contents.keys[key] !== undefined) return contents;
        const made: NamedKey = { kind, latest: 1, versions: { "1": newKey() } };
        return { ...contents, keys: { ...contents.keys, [key]: made } };
      });
    await this.#key(key, kind);
  }

  async wrap(key: string, plain: Uint8Array, context: Uint8Array): Promise<WrappedKey> {
    assertKeyLength(plain);
    const named = await this.#key(key, "wrapping");
    const version = named.latest;
    const bytes = sealBox(bytesOf(named, key, version), plain, { key, version, context });
    return { version, bytes };
  }

  async unwrap(key: string, wrapped: WrappedKey, context: Uint8Array): Promise<Uint8Array> {
    const { version, bytes } = wrapped;
    const named = await this.#key(key, "wrapping");
    return openBox(bytesOf(named, key, version), bytes, { key, version, context });
  }

  rewrap(key: string, wrapped: WrappedKey, context: Uint8Array): Promise<WrappedKey> {
    return rewrap(this, key, wrapped, context);
  }

  async rotate(key: string): Promise<number> {
    return (
      await this.#edit(key, (named) => {
        const latest = named.latest + 1;
        return { ...named, latest, versions: { ...named.versions, [latest]: newKey() } };
      })
    ).latest;
  }

  async latestVersion(key: string): Promise<number> {
    return (await this.#key(key)).latest;
  }

  async destroy(key: string, beforeVersion?: number): Promise<void> {
    assertLogName(key);
    if (beforeVersion === undefined) return this.#destroyWhole(key);
    await this.#edit(key, (named) => {
      if (beforeVersion > named.latest)
        throw refused("You can destroy the latest version only together with the whole key.");
      const kept = Object.entries(named.versions).filter(([at]) => Number(at) >= beforeVersion);
      if (kept.length === Object.keys(named.versions).length) return named;
      return { ...named, versions: Object.fromEntries(kept) };
    });
  }

  async publicKey(key: string, version?: number): Promise<Uint8Array> {
    const named = await this.#key(key, "signing");
    const publicKey = createPublicKey(privateKey(named, key, version ?? named.latest));
    return fromBase64Url(publicKey.export({ format: "jwk" }).x ?? "");
  }

  async sign(key: string, data: Uint8Array, version?: number): Promise<Uint8Array> {
    const named = await this.#key(key, "signing");
    return new Uint8Array(sign(undefined, data, privateKey(named, key, version ?? named.latest)));
  }

  async mac(key: string, data: Uint8Array): Promise<Uint8Array> {
    const named = await this.#key(key, "mac");
    const secret = bytesOf(named, key, named.latest);
    return new Uint8Array(createHmac("sha256", secret).update(data).digest());
  }

  async check(): Promise<void> {
    await this.#keyring.contents();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #key(key: string, kind?: KmsKeyKind): Promise<NamedKey> {
    assertLogName(key);
    const named = (await this.#keyring.contents()).keys[key];
    if (named === undefined) throw keyNotFound(key);
    if (kind !== undefined && named.kind !== kind) throw wrongKind(key);
    return named;
  }

  async #edit(key: string, edit: (named: NamedKey) => NamedKey): Promise<NamedKey> {
    assertLogName(key);
    const { keys } = await this.#keyring.change((contents) => {
      const named = contents.keys[key];
      if (named === undefined) throw keyNotFound(key);
      const edited = edit(named);
      if (edited === named) return contents;
      return { ...contents, keys: { ...contents.keys, [key]: edited } };
    });
    const named = keys[key];
    if (named === undefined) throw keyNotFound(key);
    return named;
  }

  async #destroyWhole(key: string): Promise<void> {
    await this.#keyring.change((contents) => {
      if (contents.keys[key] === undefined) return contents;
      const { [key]: _destroyed, ...keys } = contents.keys;
      return { ...contents, keys };
    });
  }
}

const newKey = (): string => toBase64Url(randomBytes(32));

function bytesOf(named: NamedKey, key: string, version: number): Uint8Array {
  const bytes = named.versions[String(version)];
  if (bytes !== undefined) return fromBase64Url(bytes);
  if (Number.isInteger(version) && version >= 1 && version <= named.latest)
    throw keyDestroyed(key, version);
  throw notUnwrapped();
}

const privateKey = (named: NamedKey, key: string, version: number): KeyObject =>
  ed25519FromSeed(bytesOf(named, key, version));
