import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { Secret } from "../../keys/secret.ts";
import type { Pkcs11Options } from "../../keys/kms/pkcs11/pkcs11-kms.ts";
import { ensureInstalled } from "./debian-packages.ts";

const libraries = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/local/lib/softhsm/libsofthsm2.so",
];
const findLibrary = () => libraries.find((path) => existsSync(path));
const isSoftHsmThere = () =>
  spawnSync("softhsm2-util", ["--version"]).status === 0 && findLibrary() !== undefined;

/**
 * A new token of Debian's SoftHSM, in the folder that SOFTHSM2_CONF names. Make it before anything
 * opens the library: SoftHSM looks for tokens when it is initialised.
 */
export function newToken(): Pkcs11Options {
  ensureInstalled(isSoftHsmThere, ["softhsm2"]);
  const library = findLibrary() ?? "";
  const token = `test-${randomBytes(6).toString("hex")}`;
  const pin = randomBytes(8).toString("hex");
  const args = ["--init-token", "--free", "--label", token, "--pin", pin, "--so-pin", pin];
  const made = spawnSync("softhsm2-util", args, { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`softhsm2-util: ${made.stderr}`);
  return { library, token, pin: new Secret(pin) };
}
