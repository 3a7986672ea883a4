import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const sources = execFileSync(
  "git",
  [
    "ls-files",
    "audit",
    "cli",
    "client",
    "contract",
    "crypto",
    "db",
    "identity",
    "keys",
    "messaging",
    "workflows",
    "policies",
    "server",
  ],
  { encoding: "utf8" },
)
  .split("\n")
  .filter((path) => path.endsWith(".ts"));

/** What verifies signatures: OpenSSL's function, libsodium's, noble's and jose's. */
const VERIFIES =
  /import \{[^}]*\b(verify|createVerify)\b[^}]*\} from "node:crypto"|crypto_sign_(verify|open)|ed25519\.verify|\b(jwtVerify|compactVerify)\(/;

/** They verify the server's own tokens, under keys that it made. */
const ofOwnTokens = ["identity/passkeys/challenges.ts", "identity/tokens/access-token.ts"];

test("signatures are verified in one place for each platform, and by jose under a strict check", () => {
  const found = sources.filter((path) => VERIFIES.test(readFileSync(path, "utf8")));
  expect(found.toSorted()).toEqual([
    "audit/node-checks.ts",
    "crypto/device/sodium.browser.ts",
    "crypto/device/sodium.ts",
    "identity/passkeys/challenges.ts",
    "identity/providers/verify-signature.ts",
    "identity/tokens/access-token.ts",
    "identity/tokens/customer-token/check-signature.ts",
    "identity/tokens/device-proof.ts",
  ]);
  for (const path of found) {
    if (ofOwnTokens.includes(path)) continue;
    expect(readFileSync(path, "utf8")).toMatch(/strictEd25519\(|isStrictJws\(/);
  }
});
