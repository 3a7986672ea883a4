import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import { z } from "zod";
import { ConfigError } from "../../environment/config-error.ts";
import { KeysError } from "../../keys-error.ts";
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
import { createTransport, type Transport } from "./transport.ts";
import { unreachable, VaultAnswer } from "./vault-errors.ts";
import type { VaultOptions } from "./vault-options.ts";
import { VaultSession } from "./vault-session.ts";

const DEFAULT_TIMEOUT_MS = 5_000;
const types = { wrapping: "aes256-gcm96", signing: "ed25519", mac: "hmac" } as const;

const keySchema = z.object({
  data: z.object({
    type: z.string(),
    latest_version: z.int().min(1),
    min_available_version: z.int().optional(),
    min_decryption_version: z.int(),
    keys: z.record(z.string(), z.unknown()),
  }),
});
type KeyState = z.infer<typeof keySchema>["data"];
const publicKeySchema = z.object({ public_key: z.base64() });

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** Keys in the Transit engine of HashiCorp Vault or OpenBao, which performs the operations. */
export class VaultKms implements Kms {
  readonly name = "vault";
  readonly #session: VaultSession;
  readonly #transport: Transport;
  readonly #mount: string;
  /**
   * Known keys. They are checked first, because encryption would otherwise create a missing key.
   */
  readonly #kinds = new Map<string, KmsKeyKind>();

  private constructor(session: VaultSession, transport: Transport, mount: string) {
    this.#session = session;
    this.#transport = transport;
    this.#mount = mount;
  }

  /**
   * Opens the service and logs in.
   * @throws KeysError kms_unreachable, kms_sealed, kms_standby, kms_denied; ConfigError
   */
  static async open(options: VaultOptions): Promise<VaultKms> {
    const transport = createTransport({
      address: options.address,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      ca: await readAuthorities(options.caFile),
    });
    const session = new VaultSession(options, transport);
    const kms = new VaultKms(session, transport, options.mount);
    try {
      await session.open();
      await kms.check();
    } catch (error) {
      await kms.close();
      throw error;
    }
    return kms;
  }

  async ensureKey(key: string, kind: KmsKeyKind): Promise<void> {
    assertLogName(key);
    // Vault keeps the kind of an existing key, whatever the request says.
    if ((await this.#find(key)) === undefined)
      await this.#change(`keys/${key}`, {
        type: types[kind],
        derived: false,
        exportable: false,
        allow_plaintext_backup: false,
        ...(kind === "mac" && { key_size: 32 }),
      });
    await this.#assertKind(key, kind);
  }

  async wrap(key: string, plain: Uint8Array, context: Uint8Array): Promise<WrappedKey> {
    assertKeyLength(plain);
    await this.#assertKind(key, "wrapping");
    const data = { plaintext: base64(plain), ...associated(context) };
    const answer = await this.#use(key, () => this.#ask("write", `encrypt/${key}`, data));
    return splitVersion(fieldOf(answer, "ciphertext"));
  }

  async unwrap(key: string, wrapped: WrappedKey, context: Uint8Array): Promise<Uint8Array> {
    await this.#assertKind(key, "wrapping");
    // Vault reads version 0 as 1, for historical reasons.
    if (!Number.isInteger(wrapped.version) || wrapped.version < 1) throw notUnwrapped();
    const ciphertext = `vault:v${wrapped.version}:${base64(wrapped.bytes)}`;
    const data = { ciphertext, ...associated(context) };
    try {
      const answer = await this.#use(key, () => this.#ask("write", `decrypt/${key}`, data));
      return new Uint8Array(Buffer.from(fieldOf(answer, "plaintext"), "base64"));
    } catch (error) {
      if (!(error instanceof KeysError) || error.code !== "kms_refused") throw error;
      await this.#assertVersion(key, wrapped.version);
      throw notUnwrapped();
    }
  }

  // Transit's own rewrap is not used, because it does not accept associated data in every supported
  // version.
  rewrap(key: string, wrapped: WrappedKey, context: Uint8Array): Promise<WrappedKey> {
    return rewrap(this, key, wrapped, context);
  }

  async rotate(key: string): Promise<number> {
    await this.#state(key);
    const answer = await this.#change(`keys/${key}/rotate`, {});
    const rotated = keySchema.safeParse(answer);
    return rotated.success ? rotated.data.data.latest_version : this.latestVersion(key);
  }

  async latestVersion(key: string): Promise<number> {
    return (await this.#state(key)).latest_version;
  }

  async destroy(key: string, beforeVersion?: number): Promise<void> {
    assertLogName(key);
    if (beforeVersion === undefined) return this.#destroyWhole(key);
    const state = await this.#state(key);
    if (beforeVersion > state.latest_version)
      throw refused("You can destroy the latest version only together with the whole key.");
    const first = Math.max(state.min_available_version ?? 0, 1);
    if (beforeVersion <= first) return;
    // Vault trims only versions that may neither decrypt nor encrypt.
    await this.#change(`keys/${key}/config`, {
      min_decryption_version: Math.max(beforeVersion, state.min_decryption_version),
      min_encryption_version: beforeVersion,
    });
    await this.#change(`keys/${key}/trim`, { min_available_version: beforeVersion });
  }

  async publicKey(key: string, version?: number): Promise<Uint8Array> {
    await this.#assertKind(key, "signing");
    const state = await this.#state(key);
    const wanted = version ?? state.latest_version;
    const found = publicKeySchema.safeParse(state.keys[String(wanted)]);
    if (found.success) return new Uint8Array(Buffer.from(found.data.public_key, "base64"));
    assertLiving(state, key, wanted);
    throw notUnwrapped();
  }

  async sign(key: string, data: Uint8Array, version?: number): Promise<Uint8Array> {
    await this.#assertKind(key, "signing");
    const body = { input: base64(data), ...(version !== undefined && { key_version: version }) };
    try {
      const answer = await this.#use(key, () => this.#ask("write", `sign/${key}`, body));
      return splitVersion(fieldOf(answer, "signature")).bytes;
    } catch (error) {
      if (version === undefined || !(error instanceof KeysError)) throw error;
      if (error.code === "kms_refused") await this.#assertVersion(key, version);
      throw error;
    }
  }

  async mac(key: string, data: Uint8Array): Promise<Uint8Array> {
    await this.#assertKind(key, "mac");
    const answer = await this.#use(key, () =>
      this.#ask("write", `hmac/${key}/sha2-256`, { input: base64(data) }),
    );
    return splitVersion(fieldOf(answer, "hmac")).bytes;
  }

  async check(): Promise<void> {
    await this.#session.ask("read", "auth/token/lookup-self").catch(plainly);
  }

  close(): Promise<void> {
    this.#session.close();
    this.#transport.close();
    return Promise.resolve();
  }

  async #destroyWhole(key: string): Promise<void> {
    this.#kinds.delete(key);
    if ((await this.#find(key)) === undefined) return;
    await this.#change(`keys/${key}/config`, { deletion_allowed: true });
    await this.#ask("delete", `keys/${key}`).catch(plainly);
  }

  #ask(verb: "read" | "write" | "delete", path: string, data?: object): Promise<unknown> {
    return this.#session.ask(verb, `${this.#mount}/${path}`, data);
  }

  #change(path: string, data: object): Promise<unknown> {
    return this.#ask("write", path, data).catch(plainly);
  }

  /** Returns the state of the key in Vault, or undefined if there is none. */
  async #find(key: string): Promise<KeyState | undefined> {
    assertLogName(key);
    try {
      return keySchema.parse(await this.#ask("read", `keys/${key}`)).data;
    } catch (error) {
      if (error instanceof VaultAnswer && error.status === 404) return undefined;
      throw plain(error);
    }
  }

  async #state(key: string): Promise<KeyState> {
    const state = await this.#find(key);
    if (state !== undefined) return state;
    this.#kinds.delete(key);
    throw keyNotFound(key);
  }

  async #assertKind(key: string, kind: KmsKeyKind): Promise<void> {
    assertLogName(key);
    let known = this.#kinds.get(key);
    if (known === undefined) {
      const { type } = await this.#state(key);
      const match = (["wrapping", "signing", "mac"] as const).find((one) => types[one] === type);
      if (match === undefined) throw wrongKind(key);
      if (this.#kinds.size >= 10_000) this.#kinds.clear();
      this.#kinds.set(key, match);
      known = match;
    }
    if (known !== kind) throw wrongKind(key);
  }

  /** Another process may have destroyed the key meanwhile. Vault then answers 400 or 403. */
  async #use<T>(key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const denied = error instanceof KeysError && error.code === "kms_denied";
      if (denied || error instanceof VaultAnswer) await this.#state(key);
      throw plain(error);
    }
  }

  async #assertVersion(key: string, version: number): Promise<void> {
    assertLiving(await this.#state(key), key, version);
  }
}

function assertLiving(state: KeyState, key: string, version: number): void {
  const first = Math.max(state.min_available_version ?? 0, state.min_decryption_version, 1);
  if (Number.isInteger(version) && version >= 1 && version < first)
    throw keyDestroyed(key, version);
}

const associated = (context: Uint8Array): object =>
  context.length === 0 ? {} : { associated_data: base64(context) };

/** Parses "vault:v2:BASE64", the form of Transit's ciphertexts, signatures and HMACs. */
function splitVersion(text: string): WrappedKey {
  const [, version, body] = /^vault:v([1-9]\d*):([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  if (version === undefined || body === undefined)
    throw unreachable("Vault's answer has an unexpected form.");
  return { version: Number(version), bytes: new Uint8Array(Buffer.from(body, "base64")) };
}

function fieldOf(answer: unknown, name: string): string {
  const value = (answer as { readonly data?: Record<string, unknown> } | null)?.data?.[name];
  if (typeof value !== "string") throw unreachable("Vault's answer has an unexpected form.");
  return value;
}

/** Returns a refusal that nothing else explains, without Vault's words. */
const plain = (error: unknown): unknown =>
  error instanceof VaultAnswer ? refused(`Vault refused this (${error.status}).`) : error;
const plainly = (error: unknown): never => {
  throw plain(error);
};

async function readAuthorities(file: string | undefined): Promise<readonly string[] | undefined> {
  if (file === undefined) return undefined;
  try {
    return [...rootCertificates, await readFile(file, "utf8")];
  } catch (cause) {
    throw new ConfigError("VAULT_CACERT cannot be read.", { cause });
  }
}
