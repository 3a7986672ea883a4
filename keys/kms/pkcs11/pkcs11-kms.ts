import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { concat, utf8 } from "../../../crypto/wire/bytes.ts";
import type { Kms, KmsKeyKind, WrappedKey } from "../kms.ts";
import {
  assertKeyLength,
  assertLogName,
  keyDestroyed,
  keyNotFound,
  notUnwrapped,
  refused,
  wrongKind,
  WRAPPED_KEY_BYTES,
} from "../kms-errors.ts";
import { rewrap } from "../rewrap.ts";
import type { GcmParameter, Handle, Mechanism } from "./cryptoki.ts";
import { openLibrary, unreachable, type Pkcs11Library } from "./library.ts";
import { destroyObject, findKey, makeVersion, type KeyObject, type StoredKey } from "./objects.ts";
import { CKR, resultOf } from "./results.ts";
import { describeFailure } from "./describe-failure.ts";
import { TokenSessions, type TokenOptions } from "./sessions.ts";
import { CKM_EDDSA } from "./templates.ts";
import { KeysError } from "../../keys-error.ts";

export interface Pkcs11Options extends TokenOptions {
  /** Path of the manufacturer's PKCS #11 library. */
  readonly library: string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BOX_BYTES = NONCE_BYTES + WRAPPED_KEY_BYTES + TAG_BYTES;
/**
 * The time after which another process's new versions are seen. Its destructions take effect at
 * once.
 */
const REMEMBERED_MS = 1_000;
/** Some tokens return the general error for a key that another session changes at that moment. */
const AGAIN = { times: 5, waitMs: 40 };

interface Remembered {
  readonly stored: StoredKey;
  /** The start of the library from which the handles are. */
  readonly start: number;
  readonly untilMs: number;
}

/** Keys in an HSM, which performs the operations: PKCS #11 v3.0. */
export class Pkcs11Kms implements Kms {
  readonly name = "pkcs11";
  readonly #library: Pkcs11Library;
  readonly #sessions: TokenSessions;
  readonly #remembered = new Map<string, Remembered>();
  #changes: Promise<unknown> = Promise.resolve();

  private constructor(library: Pkcs11Library, options: TokenOptions) {
    this.#library = library;
    this.#sessions = new TokenSessions(library, options);
  }

  /**
   * Opens the token and logs in.
   * @throws KeysError kms_unreachable, kms_denied
   */
  static async open(options: Pkcs11Options): Promise<Pkcs11Kms> {
    const kms = new Pkcs11Kms(await openLibrary(options.library), options);
    try {
      await kms.check();
    } catch (error) {
      await kms.close();
      throw error;
    }
    return kms;
  }

  async ensureKey(key: string, kind: KmsKeyKind): Promise<void> {
    assertLogName(key);
    await this.#changing(key, async (session) => {
      const made = await this.#make(session, key, (stored) => {
        if (stored !== undefined && stored.kind !== kind) throw wrongKind(key);
        return stored === undefined ? { kind, version: 1 } : undefined;
      });
      return made;
    });
  }

  async wrap(key: string, plain: Uint8Array, context: Uint8Array): Promise<WrappedKey> {
    assertKeyLength(plain);
    return this.#with(key, "wrapping", async (session, { latest }) => {
      const { version, handle } = latest;
      const nonce = randomBytes(NONCE_BYTES);
      const { pkcs11 } = this.#library;
      pkcs11.C_EncryptInit(session, this.#gcm(nonce, { key, version, context }), handle);
      const room = Buffer.alloc(WRAPPED_KEY_BYTES + TAG_BYTES);
      const sealed = await pkcs11.C_EncryptAsync(session, Buffer.from(plain), room);
      if (sealed.length !== room.length)
        throw unreachable("The HSM's AES-GCM does not return a whole tag.");
      return { version, bytes: concat(nonce, sealed) };
    });
  }

  async unwrap(key: string, wrapped: WrappedKey, context: Uint8Array): Promise<Uint8Array> {
    const { version, bytes } = wrapped;
    return this.#with(key, "wrapping", async (session, stored) => {
      const { handle } = versionIn(stored, key, version);
      if (bytes.length !== BOX_BYTES) throw notUnwrapped();
      const nonce = Buffer.from(bytes.subarray(0, NONCE_BYTES));
      const { pkcs11 } = this.#library;
      pkcs11.C_DecryptInit(session, this.#gcm(nonce, { key, version, context }), handle);
      try {
        const sealed = Buffer.from(bytes.subarray(NONCE_BYTES));
        const opened = await pkcs11.C_DecryptAsync(session, sealed, Buffer.alloc(BOX_BYTES));
        return new Uint8Array(opened);
      } catch (error) {
        throw CKR.notDecrypted.has(resultOf(error) ?? -1) ? notUnwrapped(error) : error;
      }
    });
  }

  rewrap(key: string, wrapped: WrappedKey, context: Uint8Array): Promise<WrappedKey> {
    return rewrap(this, key, wrapped, context);
  }

  async rotate(key: string): Promise<number> {
    assertLogName(key);
    const made = await this.#changing(key, (session) =>
      this.#make(session, key, (stored) => {
        if (stored === undefined) throw keyNotFound(key);
        return { kind: stored.kind, version: stored.latest.version + 1 };
      }),
    );
    return made?.version ?? 1;
  }

  async latestVersion(key: string): Promise<number> {
    return this.#with(key, undefined, async (_session, { latest }) => latest.version);
  }

  async destroy(key: string, beforeVersion?: number): Promise<void> {
    assertLogName(key);
    await this.#changing(key, async (session) => {
      const stored = this.#find(session, key);
      if (stored === undefined) {
        if (beforeVersion === undefined) return;
        throw keyNotFound(key);
      }
      if (beforeVersion !== undefined && beforeVersion > stored.latest.version)
        throw refused("You can destroy the latest version only together with the whole key.");
      // The oldest version goes first, so an interruption leaves no gap.
      for (const object of stored.versions)
        if (object.version < (beforeVersion ?? Number.POSITIVE_INFINITY))
          destroyObject(this.#library, session, object);
    });
  }

  async publicKey(key: string, version?: number): Promise<Uint8Array> {
    return this.#with(key, "signing", async (session, stored) => {
      const { publicHandle } = versionIn(stored, key, version ?? stored.latest.version);
      if (publicHandle === undefined) throw unreachable(`The HSM holds only half of key ${key}.`);
      const { pkcs11, module } = this.#library;
      const wanted = [{ type: module.CKA_EC_POINT }];
      const [point] = pkcs11.C_GetAttributeValue(session, publicHandle, wanted);
      // A DER OCTET STRING, or only its content with some manufacturers. The key is at the end.
      if (!Buffer.isBuffer(point?.value))
        throw unreachable(`The HSM does not show the public key of ${key}.`);
      return new Uint8Array(point.value.subarray(-32));
    });
  }

  async sign(key: string, data: Uint8Array, version?: number): Promise<Uint8Array> {
    const mechanism = { mechanism: CKM_EDDSA };
    return this.#signWith({ key, kind: "signing", version }, mechanism, data, 64);
  }

  async mac(key: string, data: Uint8Array): Promise<Uint8Array> {
    const mechanism = { mechanism: this.#library.module.CKM_SHA256_HMAC };
    return this.#signWith({ key, kind: "mac", version: undefined }, mechanism, data, 32);
  }

  async check(): Promise<void> {
    await this.#use(async (session) => {
      this.#library.pkcs11.C_GetSessionInfo(session);
    });
  }

  async close(): Promise<void> {
    await this.#changes;
    this.#sessions.close();
    this.#library.release();
  }

  #signWith(
    { key, kind, version }: { key: string; kind: KmsKeyKind; version: number | undefined },
    mechanism: Mechanism,
    data: Uint8Array,
    length: number,
  ): Promise<Uint8Array> {
    return this.#with(key, kind, async (session, stored) => {
      const { pkcs11 } = this.#library;
      const { handle } = versionIn(stored, key, version ?? stored.latest.version);
      pkcs11.C_SignInit(session, mechanism, handle);
      // One more byte follows, because the library gets no address for an empty buffer.
      const given = Buffer.concat([data, Buffer.alloc(1)]).subarray(0, data.length);
      return new Uint8Array(await pkcs11.C_SignAsync(session, given, Buffer.alloc(length)));
    });
  }

  /**
   * AES-GCM with the context, name and version as associated data. The caller provides the nonce.
   */
  #gcm(
    nonce: Buffer,
    { key, version, context }: { key: string; version: number; context: Uint8Array },
  ): Mechanism {
    const { module } = this.#library;
    const aad = Buffer.from(concat(utf8(`sealdesk/kms/wrap/v1\0${key}\0${version}\0`), context));
    const parameter: GcmParameter = {
      type: module.CK_PARAMS_AES_GCM,
      iv: nonce,
      ivBits: NONCE_BYTES * 8,
      aad,
      tagBits: TAG_BYTES * 8,
    };
    return { mechanism: module.CKM_AES_GCM, parameter };
  }

  async #make(
    session: Handle,
    key: string,
    next: (stored: StoredKey | undefined) => { kind: KmsKeyKind; version: number } | undefined,
  ): Promise<{ readonly version: number } | undefined> {
    for (;;) {
      const wanted = next(this.#find(session, key));
      if (wanted === undefined) return undefined;
      if (await makeVersion(this.#library, session, { key, ...wanted })) return wanted;
      await setTimeout(Math.random() * 50);
    }
  }

  #find(session: Handle, key: string): StoredKey | undefined {
    try {
      return findKey(this.#library, session, key);
    } catch (error) {
      if (error instanceof KeysError && error.code === "kms_key_not_found") return undefined;
      throw error;
    }
  }

  /** Runs the changes of this process one after another. */
  #changing<T>(key: string, work: (session: Handle) => Promise<T>): Promise<T> {
    const next = this.#changes.then(() =>
      this.#use(work).finally(() => this.#remembered.delete(key)),
    );
    this.#changes = next.catch(() => undefined);
    return next;
  }

  /**
   * Runs `work` with the key's versions in the token. If they changed meanwhile, or the token
   * answered with a general error, it repeats `work` a few times, so `work` must change nothing.
   */
  async #with<T>(
    key: string,
    kind: KmsKeyKind | undefined,
    work: (session: Handle, stored: StoredKey) => Promise<T>,
  ): Promise<T> {
    assertLogName(key);
    for (let attempt = 1; ; attempt++)
      try {
        return await this.#use(async (session) => {
          const stored = this.#stored(session, key);
          if (kind !== undefined && stored.kind !== kind) throw wrongKind(key);
          return work(session, stored);
        });
      } catch (error) {
        if (attempt === AGAIN.times || !mayPass(error)) throw error;
        this.#remembered.delete(key);
        await setTimeout(AGAIN.waitMs * Math.random());
      }
  }

  #stored(session: Handle, key: string): StoredKey {
    const known = this.#remembered.get(key);
    const { starts: start } = this.#library;
    const isFresh = known?.start === start && performance.now() < known.untilMs;
    if (known !== undefined && isFresh) return known.stored;
    this.#remembered.delete(key);
    const stored = findKey(this.#library, session, key);
    if (this.#remembered.size >= 10_000) this.#remembered.clear();
    this.#remembered.set(key, { stored, start, untilMs: performance.now() + REMEMBERED_MS });
    return stored;
  }

  async #use<T>(work: (session: Handle) => Promise<T>): Promise<T> {
    try {
      return await this.#sessions.use(work);
    } catch (error) {
      throw describeFailure(error);
    }
  }
}

/** The key changed meanwhile, or the token was busy with a change of it. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof KeysError) || error.code !== "kms_unreachable") return false;
  const result = resultOf(error.cause) ?? -1;
  return result === CKR.generalError || CKR.handleGone.has(result);
}

function versionIn(stored: StoredKey, key: string, version: number): KeyObject {
  const found = stored.versions.find((object) => object.version === version);
  if (found !== undefined) return found;
  if (Number.isInteger(version) && version >= 1 && version <= stored.latest.version)
    throw keyDestroyed(key, version);
  throw notUnwrapped();
}
