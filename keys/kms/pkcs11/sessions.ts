import { KeysError } from "../../keys-error.ts";
import type { Secret } from "../../secret.ts";
import type { Handle } from "./cryptoki.ts";
import type { Pkcs11Library } from "./library.ts";
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
  /** The start of the library in which the idle sessions were opened. */
  #start = 0;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  /**
   * True once a PIN was refused. It is never tried again, because a few wrong PINs lock a token
   * permanently.
   */
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
    let leave: (() => void) | undefined;
    try {
      session = this.#take();
      leave = this.#library.enter();
      const result = await work(session);
      this.#idle.push(session);
      return result;
    } catch (error) {
      // The failed call may have left an operation open in the session.
      if (session !== undefined) this.#end(session);
      throw error;
    } finally {
      leave?.();
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy--;
      else next();
    }
  }

  #take(): Handle {
    this.#dropEnded();
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const opened = this.#open();
    this.#dropEnded();
    return opened;
  }

  /** Sessions from before a restart have ended. Their numbers may be those of other sessions now. */
  #dropEnded(): void {
    if (this.#start !== this.#library.starts) this.#idle.length = 0;
    this.#start = this.#library.starts;
  }

  /** Opens a session. If the token is not found, it initialises the library again and looks once more. */
  #open(): Handle {
    try {
      return this.#openOnce();
    } catch (error) {
      if (!isTokenLost(error) || !this.#library.restart()) throw error;
      return this.#openOnce();
    }
  }

  #openOnce(): Handle {
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
    this.#dropEnded();
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

const isTokenLost = (error: unknown): boolean =>
  error instanceof KeysError
    ? error.code === "kms_unreachable"
    : CKR.tokenLost.has(resultOf(error) ?? -1);

const pinRefused = (): KeysError =>
  new KeysError(
    "kms_denied",
    "SEALDESK_PKCS11_PIN was refused by the HSM, and it is not tried again.",
  );
