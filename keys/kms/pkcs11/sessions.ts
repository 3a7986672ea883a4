import { KeysError } from "../../keys-error.ts";
import type { Secret } from "../../secret.ts";
import type { Handle } from "./cryptoki.ts";
import type { Pkcs11Library } from "./library.ts";
import { unreachable } from "./library.ts";
import { CKR, resultOf } from "./results.ts";

export interface TokenOptions {
  readonly token: string;
  readonly pin: Secret<string>;
}

/** The number of sessions at a time. A session performs one operation at a time. */
const MAX_SESSIONS = 4;

/** Logged-in sessions with one token, used in turn. */
export class TokenSessions {
  readonly #library: Pkcs11Library;
  readonly #options: TokenOptions;
  readonly #idle: Handle[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  /** A refused PIN is never tried again, because a few wrong PINs lock a token for good. */
  #pinRefused = false;

  constructor(library: Pkcs11Library, options: TokenOptions) {
    this.#library = library;
    this.#options = options;
  }

  /**
   * Runs `work` with a session of its own. If the session was lost with the token or by a restart
   * of the HSM, it runs `work` once more on a new session.
   */
  async use<T>(work: (session: Handle) => Promise<T>): Promise<T> {
    try {
      return await this.#useOnce(work);
    } catch (error) {
      if (!CKR.sessionLost.has(resultOf(error) ?? -1)) throw error;
      this.#forgetIdle();
      return this.#useOnce(work);
    }
  }

  close(): void {
    this.#forgetIdle();
  }

  async #useOnce<T>(work: (session: Handle) => Promise<T>): Promise<T> {
    if (this.#busy >= MAX_SESSIONS)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#busy++;
    let session: Handle | undefined;
    try {
      session = this.#idle.pop() ?? this.#open();
      const result = await work(session);
      this.#idle.push(session);
      return result;
    } catch (error) {
      // The failed call may have left an operation open in the session.
      if (session !== undefined) this.#end(session);
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy--;
      else next();
    }
  }

  #open(): Handle {
    const { pkcs11, module } = this.#library;
    if (this.#pinRefused) throw pinRefused();
    const slot = this.#library.slotOf(this.#options.token);
    const flags = module.CKF_SERIAL_SESSION | module.CKF_RW_SESSION;
    const session = pkcs11.C_OpenSession(slot, flags);
    try {
      pkcs11.C_Login(session, module.CKU_USER, this.#options.pin.reveal());
    } catch (error) {
      const result = resultOf(error);
      if (result === CKR.alreadyLoggedIn) return session;
      this.#end(session);
      this.#pinRefused = CKR.pinRefused.has(result ?? -1);
      throw this.#pinRefused ? pinRefused() : error;
    }
    return session;
  }

  #forgetIdle(): void {
    for (const session of this.#idle.splice(0)) this.#end(session);
  }

  #end(session: Handle): void {
    try {
      this.#library.pkcs11.C_CloseSession(session);
    } catch {
      // The session is already gone.
    }
  }
}

const pinRefused = (): KeysError =>
  new KeysError(
    "kms_denied",
    "SEALDESK_PKCS11_PIN was refused by the HSM, and it is not tried again.",
  );

/** Converts a failure to an error of this folder. The HSM's code is not secret. */
export function describe(error: unknown): KeysError {
  if (error instanceof KeysError) return error;
  const result = resultOf(error);
  if (CKR.denied.has(result ?? -1))
    return new KeysError("kms_denied", "The HSM does not permit this.", { cause: error });
  return unreachable(`The HSM did not do this (${result ?? "no code"}).`, error);
}
