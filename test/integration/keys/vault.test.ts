import { inspect } from "node:util";
import { VaultKms } from "../../../keys/kms/vault/vault-kms.ts";
import type { VaultOptions } from "../../../keys/kms/vault/vault-options.ts";
import { Secret } from "../../../keys/secret.ts";
import { startVaultDouble, type VaultDouble } from "../../../tools/testkit/vault-double.ts";
import { kmsConformance, kmsError } from "../../support/kms-conformance.ts";

/** A real Vault or OpenBao, when the environment names one: see docs/keys.md. */
const { VAULT_ADDR, VAULT_ROLE_ID = "", VAULT_SECRET_ID = "" } = process.env;
const real: VaultOptions | undefined =
  VAULT_ADDR === undefined
    ? undefined
    : {
        address: VAULT_ADDR,
        login: { roleId: VAULT_ROLE_ID, secretId: new Secret(VAULT_SECRET_ID) },
        mount: process.env["VAULT_TRANSIT_MOUNT"] ?? "transit",
        namespace: process.env["VAULT_NAMESPACE"],
        caFile: process.env["VAULT_CACERT"],
      };

describe(real === undefined ? "against the double of Vault" : "against a real Vault", () => {
  kmsConformance(async () => {
    const double = real === undefined ? await startVaultDouble() : undefined;
    const kms = await VaultKms.open(real ?? (double as VaultDouble).options);
    return {
      kms,
      async close() {
        await kms.close();
        await double?.close();
      },
    };
  });
});

describe("when Vault is in trouble (the double)", () => {
  let vault: VaultDouble;
  let kms: VaultKms;
  const context = new Uint8Array([1]);
  const plain = new Uint8Array(32).fill(77);
  const wrap = () => kms.wrap("kek", plain, context);
  const logins = () => vault.asked.filter((one) => one.endsWith("approle/login")).length;
  beforeEach(async () => {
    vault = await startVaultDouble();
    kms = await VaultKms.open({ ...vault.options, timeoutMs: 400 });
    await kms.ensureKey("kek", "wrapping");
  });
  afterEach(async () => {
    await kms.close();
    await vault.close();
  });

  test("sealed is said to be sealed, and it serves again once unsealed", async () => {
    vault.sealed = true;
    await expect(wrap()).rejects.toThrow(kmsError("kms_sealed"));
    await expect(kms.check()).rejects.toThrow(kmsError("kms_sealed"));
    vault.sealed = false;
    await expect(wrap()).resolves.toMatchObject({ version: 1 });
  });

  test("a redirect is not followed: the token goes to no other host", async () => {
    const other = await startVaultDouble();
    vault.redirectTo = other.options.address;
    await expect(wrap()).rejects.toThrow(kmsError("kms_standby"));
    expect(other.asked).toEqual([]);
    await other.close();
  });

  test("silence ends in time", async () => {
    vault.silent = true;
    await expect(wrap()).rejects.toThrow(kmsError("kms_unreachable"));
    vault.silent = false;
    await expect(wrap()).resolves.toMatchObject({ version: 1 });
  });

  test("failures that pass are waited out, and others are not hammered at", async () => {
    vault.fail(500, 2);
    await expect(wrap()).resolves.toMatchObject({ version: 1 });
    vault.fail(502, 100);
    const before = vault.asked.length;
    await expect(wrap()).rejects.toThrow(kmsError("kms_unreachable"));
    expect(vault.asked.length - before).toBe(4);
  });

  test("a token that counts no more is replaced by one login, however many notice", async () => {
    vault.revokeTokens();
    await Promise.all(Array.from({ length: 20 }, wrap));
    expect(logins()).toBe(2);
  });

  test("an operation that the policy forbids is denied, after one new login", async () => {
    vault.forbidden = /rotate$/;
    await expect(kms.rotate("kek")).rejects.toThrow(kmsError("kms_denied"));
    expect(logins()).toBe(2);
    await expect(wrap()).resolves.toMatchObject({ version: 1 });
  });

  test("a role that was removed is denied, and taken again when it is back", async () => {
    vault.roleRemoved = true;
    vault.revokeTokens();
    await expect(wrap()).rejects.toThrow(kmsError("kms_denied"));
    vault.roleRemoved = false;
    await expect(wrap()).resolves.toMatchObject({ version: 1 });
  });

  test("wrapping with a key that another destroyed makes none anew", async () => {
    const other = await VaultKms.open(vault.options);
    await other.destroy("kek");
    await expect(wrap()).rejects.toThrow(kmsError("kms_key_not_found"));
    await expect(kms.latestVersion("kek")).rejects.toThrow(kmsError("kms_key_not_found"));
    await other.close();
  });

  test("errors contain no tokens, credentials or bodies", async () => {
    const secrets = [Buffer.from(plain).toString("base64"), "hvs."];
    const login = vault.options.login as { readonly secretId: Secret<string> };
    const errors: unknown[] = [];
    const caught = (act: () => Promise<unknown>) =>
      act().catch((error: unknown) => void errors.push(error));
    vault.fail(500, 100);
    await caught(wrap);
    vault.fail(400, 1);
    await caught(wrap);
    vault.fail(403, 3);
    await caught(wrap);
    vault.fail(0, 0);
    vault.silent = true;
    await caught(wrap);
    await caught(() => VaultKms.open({ ...vault.options, timeoutMs: 50 }));
    expect(errors).toHaveLength(5);
    const text = errors.map((error) => inspect(error, { depth: 20, showHidden: true })).join();
    for (const secret of [...secrets, login.secretId.reveal()]) expect(text).not.toContain(secret);
  });

  test("an address where no server listens is kms_unreachable", async () => {
    await vault.close();
    const opening = VaultKms.open(vault.options);
    await expect(opening).rejects.toThrow(kmsError("kms_unreachable"));
    vault = await startVaultDouble();
  });
});

describe("a token's lease (the double)", () => {
  test("is renewed before it ends; when that fails, there is a new login", async () => {
    const vault = await startVaultDouble();
    vault.leaseS = 1;
    const kms = await VaultKms.open(vault.options);
    const seen = async (path: string, count: number) => {
      while (vault.asked.filter((one) => one.endsWith(path)).length < count)
        await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await seen("token/renew-self", 1);
    vault.renewalFails = true;
    await seen("approle/login", 2);
    vault.renewalFails = false;
    const renewals = vault.asked.filter((one) => one.endsWith("renew-self")).length;
    await seen("token/renew-self", renewals + 1);
    await kms.close();
    await vault.close();
  });
});
