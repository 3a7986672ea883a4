import { KeysError } from "../../keys-error.ts";
import type { Cryptoki, Handle, Pkcs11Module } from "./cryptoki.ts";

/** The package is optional and native. The compiler does not look for a name in a constant. */
const PACKAGE = "pkcs11js";

interface Shared {
  readonly pkcs11: Cryptoki;
  users: number;
  /** Sessions in which an operation may be under way. */
  busy: number;
  /** The number of times that the library was initialised. */
  starts: number;
  restartedMs: number;
}

/** The time between two attempts to initialise a library again. It blocks the process meanwhile. */
const RESTART_EVERY_MS = 2_000;

/**
 * A library is initialised once for each process, however many objects use it (PKCS #11 section
 * 5.4).
 */
const loaded = new Map<string, Shared>();

export interface Pkcs11Library {
  readonly module: Pkcs11Module;
  readonly pkcs11: Cryptoki;
  /**
   * Returns the slot of the token with this label.
   * @throws KeysError kms_unreachable
   */
  slotOf(label: string): Handle;
  /**
   * The number of times that the library was initialised. Handles from before the last time are
   * invalid.
   */
  readonly starts: number;
  /** Tells that operations run in a session. @returns a function that tells that they have ended */
  enter(): () => void;
  /**
   * Initialises the library again. Many libraries do not find a token that was away in any other
   * way. All sessions of this process end.
   * @returns false if it was not done: a session is in use, or the last time is not long ago
   * @throws KeysError kms_unreachable
   */
  restart(): boolean;
  release(): void;
}

/**
 * @param path of the manufacturer's library
 * @throws KeysError kms_unreachable
 */
export async function openLibrary(path: string): Promise<Pkcs11Library> {
  const module = await loadModule();
  const shared = loaded.get(path) ?? initialize(module, path);
  loaded.set(path, shared);
  shared.users++;
  const { pkcs11 } = shared;
  return {
    module,
    pkcs11,
    slotOf(label) {
      const slot = pkcs11
        .C_GetSlotList(true)
        .find((candidate) => pkcs11.C_GetTokenInfo(candidate).label.trim() === label);
      if (slot === undefined)
        throw unreachable("SEALDESK_PKCS11_TOKEN names a token that the HSM does not have.");
      return slot;
    },
    get starts() {
      return shared.starts;
    },
    enter() {
      shared.busy++;
      return () => shared.busy--;
    },
    restart() {
      if (shared.busy > 0 || performance.now() < shared.restartedMs + RESTART_EVERY_MS)
        return false;
      shared.restartedMs = performance.now();
      try {
        pkcs11.C_Finalize();
      } catch {
        // An earlier attempt has ended it and could not initialise it.
      }
      start(module, shared);
      return true;
    },
    release() {
      if (--shared.users > 0) return;
      loaded.delete(path);
      pkcs11.C_Finalize();
      pkcs11.close();
    },
  };
}

/**
 * Loads the package, if it could be built here.
 * @throws KeysError kms_unreachable
 */
export async function loadModule(): Promise<Pkcs11Module> {
  try {
    const imported = (await import(PACKAGE)) as Pkcs11Module & {
      readonly default?: Pkcs11Module;
    };
    return imported.default ?? imported;
  } catch (cause) {
    throw unreachable(
      "SEALDESK_KMS is pkcs11, but the package pkcs11js is not installed. Install g++, make and python3, then run npm ci, which builds it.",
      cause,
    );
  }
}

function initialize(module: Pkcs11Module, path: string): Shared {
  const pkcs11 = new module.PKCS11();
  const shared = { pkcs11, users: 0, busy: 0, starts: 0, restartedMs: -Infinity };
  try {
    pkcs11.load(path);
  } catch (cause) {
    throw notLoaded(cause);
  }
  start(module, shared);
  return shared;
}

function start(module: Pkcs11Module, shared: Shared): void {
  try {
    // Calls come from several threads.
    shared.pkcs11.C_Initialize({ flags: module.CKF_OS_LOCKING_OK });
  } catch (cause) {
    throw notLoaded(cause);
  }
  shared.starts++;
}

const notLoaded = (cause: unknown): KeysError =>
  unreachable("SEALDESK_PKCS11_LIBRARY names a library that cannot be loaded.", cause);

export const unreachable = (message: string, cause?: unknown): KeysError =>
  new KeysError("kms_unreachable", message, { cause });
