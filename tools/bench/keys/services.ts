import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readKmsSettings } from "../../../keys/kms/kms-settings.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { loadModule } from "../../../keys/kms/pkcs11/library.ts";
import type { Kms } from "../../../keys/kms/kms.ts";

const SOFTHSM = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/**
 * Returns the key services available here: always the local keyring, an HSM if SoftHSM and pkcs11js
 * are installed, and Vault if VAULT_ADDR is set. The caller closes them.
 */
export async function openServices(home: string): Promise<Kms[]> {
  const environments = [{}, await softHsm(home), vault()];
  const services: Kms[] = [];
  for (const environment of environments) {
    if (environment === undefined) continue;
    const { kms } = await openKms(readKmsSettings(environment, { home, production: false }));
    services.push(kms);
  }
  return services;
}

/** Creates a token in a folder of its own. */
async function softHsm(home: string): Promise<Record<string, string> | undefined> {
  const library = SOFTHSM.find((path) => existsSync(path));
  if (library === undefined || !(await hasPackage())) return undefined;
  const tokens = join(home, "tokens");
  const configuration = join(home, "softhsm2.conf");
  await mkdir(tokens);
  await writeFile(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\n`);
  process.env["SOFTHSM2_CONF"] = configuration;
  const pin = randomBytes(8).toString("hex");
  const args = ["--init-token", "--free", "--label", "bench", "--pin", pin, "--so-pin", pin];
  if (spawnSync("softhsm2-util", args).status !== 0) return undefined;
  return {
    SEALDESK_KMS: "pkcs11",
    SEALDESK_PKCS11_LIBRARY: library,
    SEALDESK_PKCS11_TOKEN: "bench",
    SEALDESK_PKCS11_PIN: pin,
  };
}

const hasPackage = (): Promise<boolean> =>
  loadModule().then(
    () => true,
    () => false,
  );

const vault = (): NodeJS.ProcessEnv | undefined =>
  process.env["VAULT_ADDR"] === undefined ? undefined : { ...process.env, SEALDESK_KMS: "vault" };
