import { KeysError } from "../../keys-error.ts";
import type { Cryptoki, Handle, Pkcs11Module } from "./cryptoki.ts";

/** The package is optional and native. The compiler does not look for a name in a constant. */
const PACKAGE = "pkcs11js";

interface Shared {
  readonly pkcs11: Cryptoki;
  users: number;
}

/**
 * A library is initialised once for each process, however many objects use it (PKCS #11 section
 * 5.4).
 */
const loaded = new Map<string, Shared>();

export interface Pkcs11Library {
  readonly module: Pkcs11Module;
  readonly pkcs11: Cryptoki;
  /**
   * The slot of the token with this label.
   * @throws KeysError kms_unreachable
   */
  slotOf(label: string): Handle;
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
  try {
    pkcs11.load(path);
    // Calls come from several threads.
    pkcs11.C_Initialize({ flags: module.CKF_OS_LOCKING_OK });
  } catch (cause) {
    throw unreachable("SEALDESK_PKCS11_LIBRARY names a library that cannot be loaded.", cause);
  }
  return { pkcs11, users: 0 };
}

export const unreachable = (message: string, cause?: unknown): KeysError =>
  new KeysError("kms_unreachable", message, { cause });
