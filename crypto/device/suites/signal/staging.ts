import { ErrorCode } from "@signalapp/libsignal-client";
import type { DeviceId } from "../../../wire/ids.ts";
import type { StoreTransaction } from "../../store-transaction.ts";
import { type SuiteErrorCode, SuiteError } from "../../suite.ts";

/**
 * The writes of one suite operation. libsignal saves each record separately. Nothing reaches the
 * transaction before the whole operation has succeeded. So a caller may catch an error inside its
 * transaction and still commit a consistent state.
 */
export class Staging {
  readonly #transaction: StoreTransaction;
  readonly #read = new Map<string, Uint8Array | undefined>();
  readonly #written = new Map<string, Uint8Array | undefined>();
  #failure: { readonly error: unknown } | undefined;

  constructor(transaction: StoreTransaction) {
    this.#transaction = transaction;
  }

  /**
   * Reads all of `keys` at once, because waiting for the store takes much longer than the
   * cryptography.
   */
  async getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const unread = keys.filter((key) => !this.#read.has(key) && !this.#written.has(key));
    const values = unread.length === 0 ? [] : await this.#transaction.getMany(unread);
    for (const [index, key] of unread.entries()) this.#read.set(key, values[index]);
    return keys.map((key) => (this.#written.has(key) ? this.#written : this.#read).get(key));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  /** Returns the names of records that begin with `prefix`. Some may be staged for deletion. */
  async namesUnder(prefix: string): Promise<readonly string[]> {
    const stored = await this.#transaction.keys(prefix);
    const staged = [...this.#written.keys()].filter((name) => name.startsWith(prefix));
    return [...new Set([...stored, ...staged])];
  }

  put(key: string, value: Uint8Array): void {
    this.#written.set(key, value);
  }

  delete(key: string): void {
    this.#written.set(key, undefined);
  }

  /** Passes the writes to the transaction at the end of the operation. */
  flush(): void {
    for (const [key, value] of this.#written) {
      if (value === undefined) this.#transaction.delete(key);
      else this.#transaction.put(key, value);
    }
    this.#written.clear();
  }

  /** Runs a store method that libsignal calls, and remembers its error object. */
  async remembering<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }

  /**
   * Runs a libsignal call. The errors of our stores lose their class in the native code. So this
   * throws the remembered error instead of the one that arrives.
   * @throws SuiteError duplicate, untrusted_identity, else `otherwise`, with `devices`; store
   *   errors
   */
  async call<T>(
    operation: () => Promise<T> | T,
    otherwise: SuiteErrorCode,
    devices: readonly DeviceId[] = [],
  ): Promise<T> {
    // It may belong to an earlier call, whose failure was handled.
    this.#failure = undefined;
    const failure = (): { readonly error: unknown } | undefined => this.#failure;
    let result: T;
    try {
      result = await operation();
    } catch (error) {
      throw failure()?.error ?? suiteErrorOf(error, otherwise, devices);
    }
    const failed = failure();
    if (failed !== undefined) throw failed.error;
    return result;
  }
}

interface NativeError {
  readonly name: string;
  readonly code: number;
}

/** Compare fields and not with `instanceof`, because native errors may come from another realm. */
function isNativeError(error: unknown): error is NativeError {
  if (typeof error !== "object" || error === null) return false;
  const { name, code } = error as Partial<NativeError>;
  if (typeof name !== "string" || typeof code !== "number") return false;
  return name === "LibSignalError" || (ErrorCode as Record<string, unknown>)[name] === code;
}

const codes: ReadonlyMap<number, SuiteErrorCode> = new Map([
  [ErrorCode.DuplicatedMessage, "duplicate"],
  [ErrorCode.UntrustedIdentity, "untrusted_identity"],
]);

/**
 * Converts libsignal's error to a SuiteError. Other errors are returned unchanged.
 * @param otherwise the code for errors that have no code of their own
 */
function suiteErrorOf(
  error: unknown,
  otherwise: SuiteErrorCode,
  devices: readonly DeviceId[],
): unknown {
  if (!isNativeError(error)) return error;
  const code = codes.get(error.code) ?? otherwise;
  return new SuiteError(code, `libsignal refused: ${error.name}.`, { cause: error, devices });
}
