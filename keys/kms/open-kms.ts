import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Kms } from "./kms.ts";
import type { KmsSettings } from "./kms-settings.ts";
import { Keyring } from "./local/keyring.ts";
import { readKeyFile } from "./local/read-key-file.ts";
import type { FirstKeys } from "./local/keyring-file.ts";
import { LocalKms } from "./local/local-kms.ts";

export interface OpenedKms {
  readonly kms: Kms;
  /** The keys of a version 1 keyring, until they are forgotten. */
  readonly firstKeys: FirstKeys | undefined;
  /** Call this when the keys are in the database. The keyring then drops them. */
  forgetFirstKeys(): Promise<void>;
}

/**
 * Opens the configured service. The packages for Vault and for the HSM are loaded only if they are
 * configured.
 * @throws KeysError of the keyring or of the service
 */
export async function openKms(settings: KmsSettings): Promise<OpenedKms> {
  const keyring = await openKeyring(settings);
  const kms = await openService(settings, keyring);
  return {
    kms,
    firstKeys: (await keyring?.contents())?.firstKeys,
    async forgetFirstKeys() {
      await keyring?.change((contents) => {
        if (contents.firstKeys === undefined) return contents;
        const { firstKeys: _taken, ...rest } = contents;
        return rest;
      });
    },
  };
}

async function openService(settings: KmsSettings, keyring: Keyring | undefined): Promise<Kms> {
  switch (settings.kind) {
    case "local":
      if (keyring === undefined) throw new Error("the local service has a keyring");
      return new LocalKms(keyring);
    case "vault":
      return (await import("./vault/vault-kms.ts")).VaultKms.open(settings);
    case "pkcs11":
      return (await import("./pkcs11/pkcs11-kms.ts")).Pkcs11Kms.open(settings);
  }
}

/** Returns the keyring. With another service, it is opened only if it already exists. */
async function openKeyring(settings: KmsSettings): Promise<Keyring | undefined> {
  const { home, passphrase } = settings;
  const isLocal = settings.kind === "local";
  if (!isLocal && !existsSync(join(home, "keyring.json"))) return undefined;
  const keyFile = settings.keyFile === undefined ? undefined : await readKeyFile(settings.keyFile);
  const mustBeSealed = isLocal && settings.mustBeSealed;
  return Keyring.open({ home, passphrase, keyFile, mustBeSealed });
}
