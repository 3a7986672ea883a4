import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTenant } from "../../../identity/accounts/create-tenant.ts";
import { parseCustomerKeys } from "../../../identity/accounts/customer-keys.ts";
import { ed25519, jwkOf, signedJwt, TestDevice, type KeyPair } from "../../support/device.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestNode, type TestServer } from "../../support/server.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

let server: TestServer;
let node: TestNode;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  node = await server.startNode();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-customer-keys-"));
});
afterAll(async () => {
  await node.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const jwkNamed = (key: KeyPair, kid: string) => ({ ...jwkOf(key), kid });

async function makeTenant(key: KeyPair, kid: string) {
  const tenant = { id: newId<TenantId>(), slug: `keys-${randomUUID()}` };
  await createTenant(server.database.ownerUrl, {
    ...tenant,
    name: "Keys",
    customerKeys: parseCustomerKeys({ keys: [jwkNamed(key, kid)] }),
    nowMs: Date.now(),
  });
  return tenant;
}

function tokenOf(slug: string, key: KeyPair, kid: string, claims: object = {}): string {
  const iat = Math.floor(Date.now() / 1000);
  const said = { iss: slug, aud: server.url, sub: "customer-17", iat, exp: iat + 300, ...claims };
  return signedJwt(key, { kid }, said);
}

/** Signs in on both nodes. @returns the statuses */
async function signIn(slug: string, token: string): Promise<number[]> {
  const body = JSON.stringify({ grant: "customer_token", tenant: slug, token });
  const statuses: number[] = [];
  for (const url of [server.address, node.url]) {
    const dpop = new TestDevice(server).proof("POST", "/v1/sessions");
    const headers = { dpop, "content-type": "application/json" };
    statuses.push((await fetch(`${url}/v1/sessions`, { method: "POST", headers, body })).status);
  }
  return statuses;
}

const keysCommand = (args: readonly string[]) => runSealdesk(server, ["tenant", "keys", ...args]);

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("sealdesk tenant keys", () => {
  test("rotates with both keys in use for a while, at once on every node, with audit entries", async () => {
    const [older, newer] = [ed25519(), ed25519()];
    const { slug, ...tenant } = await makeTenant(older, "2026-05");
    const [byOlder, byNewer] = [tokenOf(slug, older, "2026-05"), tokenOf(slug, newer, "2026-11")];
    expect(await signIn(slug, byOlder)).toEqual([201, 201]);
    expect(await signIn(slug, byNewer)).toEqual([401, 401]);

    const set = await file("newer.json", { keys: [jwkNamed(newer, "2026-11")] });
    const added = await keysCommand(["add", "--slug", slug, "--customer-keys", set]);
    expect(added).toMatchObject({ code: 0, err: "" });
    expect(added.out).toMatch(/^2026-05 {2}EdDSA {2}[\w-]{43}\n2026-11 {2}EdDSA {2}[\w-]{43}$/m);
    expect(await signIn(slug, byOlder)).toEqual([201, 201]);
    expect(await signIn(slug, byNewer)).toEqual([201, 201]);

    const removed = await keysCommand(["remove", "--slug", slug, "--kid", "2026-05"]);
    expect(removed).toMatchObject({ code: 0, err: "" });
    expect(await signIn(slug, byOlder)).toEqual([401, 401]);
    expect(await signIn(slug, byNewer)).toEqual([201, 201]);

    const replaced = await keysCommand([
      "set",
      "--slug",
      slug,
      "--customer-keys",
      await file("older.json", jwkNamed(older, "2026-12")),
    ]);
    expect(replaced).toMatchObject({ code: 0, err: "" });
    expect(await signIn(slug, byNewer)).toEqual([401, 401]);
    expect(await signIn(slug, tokenOf(slug, older, "2026-12"))).toEqual([201, 201]);

    const { out } = await keysCommand(["list", "--slug", slug]);
    expect(out).toMatch(/^2026-12 {2}EdDSA {2}[\w-]{43}\n$/);
    const entries = await server.auditEntries({ slug, ...tenant });
    const changes = entries.filter(({ action }) => String(action).startsWith("tenant."));
    const named = (...kids: string[]) => ({
      keys: kids.map((kid) => ({ kid, alg: "EdDSA", thumbprint: expect.any(String) })),
    });
    const by = { actor: { kind: "system", id: "operator" }, outcome: "success" };
    expect(changes).toMatchObject([
      { action: "tenant.create", ...by, details: named("2026-05") },
      { action: "tenant.add_customer_keys", ...by, details: named("2026-05", "2026-11") },
      { action: "tenant.remove_customer_key", ...by, details: named("2026-11") },
      { action: "tenant.set_customer_keys", ...by, details: named("2026-12") },
    ]);
  });

  test("takes a public key as openssl writes it, and never a private one", async () => {
    const { slug } = await makeTenant(ed25519(), "first");
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const secret = await file("secret.pem", privateKey.export({ format: "pem", type: "pkcs8" }));
    const open = await file("public.pem", publicKey.export({ format: "pem", type: "spki" }));
    const add = ["add", "--slug", slug, "--customer-keys"];
    expect(await keysCommand([...add, open, "--kid", "by-openssl"])).toMatchObject({ code: 0 });
    for (const [args, sentence] of [
      [[secret, "--kid", "x"], /must hold a public key/],
      [[open], /--kid/],
      [[join(folder, "missing.pem")], /cannot be read/],
      [[open, "--kid", "first"], /already/],
      [[await file("text.txt", "hello")], /neither JSON nor PEM/],
      [[await file("half.json", { keys: [{ kty: "OKP" }] })], /"kid"/],
    ] as const) {
      const refused = await keysCommand([...add, ...args]);
      expect([refused.code, refused.out]).toEqual([1, ""]);
      expect(refused.err).toMatch(sentence);
      expect(refused.err.trim().split("\n")).toHaveLength(1);
    }
    const unknown = await keysCommand(["remove", "--slug", slug, "--kid", "none"]);
    expect([unknown.code, unknown.err]).toEqual([1, 'The tenant has no key "none".\n']);
    const nobody = await keysCommand(["list", "--slug", "no-such-tenant"]);
    expect([nobody.code, nobody.err]).toEqual([1, "There is no tenant no-such-tenant.\n"]);
  });

  test("two operators who add a key at the same time both do", async () => {
    const { slug } = await makeTenant(ed25519(), "first");
    const files = await Promise.all(
      ["a", "b"].map((kid) => file(`${kid}.json`, jwkNamed(ed25519(), kid))),
    );
    await Promise.all(
      files.map((path) => keysCommand(["add", "--slug", slug, "--customer-keys", path])),
    );
    const { out } = await keysCommand(["list", "--slug", slug]);
    const kids = out
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0]);
    expect(new Set(kids)).toEqual(new Set(["a", "b", "first"]));
  });
});

describe("sealdesk customer-token --verify", () => {
  const backend = ed25519();
  let slug: string;
  beforeAll(async () => {
    ({ slug } = await makeTenant(backend, "2026-11"));
  });
  const verify = (token: string, ...args: string[]) =>
    runSealdesk(server, ["customer-token", "--verify", "--tenant", slug, ...args], token);

  test("says that the server accepts a right token, and the server does", async () => {
    const token = tokenOf(slug, backend, "2026-11");
    const { code, out } = await verify(`${token}\n`);
    expect(code).toBe(0);
    expect(out).toMatch(/^right {2}aud/m);
    expect(out).toMatch(/The server accepts this token\.\n$/);
    expect(await signIn(slug, token)).toEqual([201, 201]);
  });

  test("reports the fault of each claim, without the subject", async () => {
    const subject = "grace.hopper~1906@navy.example";
    const wrong = { aud: `${server.url}/`, sub: subject, exp: undefined };
    const path = await file("token.txt", tokenOf(slug, backend, "2026-11", wrong));
    const { code, out, err } = await verify("", "--token-file", path);
    expect([code, err]).toEqual([1, ""]);
    expect(out).toMatch(/^right {2}signature/m);
    expect(out).toMatch(/^WRONG {2}aud .*must be ".*".* \(wrong_audience\)$/m);
    expect(out).toMatch(/^WRONG {2}exp .*\(missing_claim\)$/m);
    expect(out).toMatch(/The server refuses this token: wrong_audience\.\n$/);
    expect(out).not.toContain(subject);
  });

  test("compares the device key when it is given", async () => {
    const token = tokenOf(slug, backend, "2026-11", { cnf: { jkt: "of-another-device" } });
    expect((await verify(token)).code).toBe(0);
    expect(await verify(token, "--thumbprint", "of-this-device")).toMatchObject({
      code: 1,
      out: expect.stringContaining("bound_to_another_key"),
    });
  });

  test("needs a token, and does not take it as an argument", async () => {
    const nothing = await verify("");
    expect([nothing.code, nothing.out]).toEqual([1, ""]);
    const token = tokenOf(slug, backend, "2026-11");
    const argument = await verify("", token);
    expect([argument.code, argument.out]).toEqual([1, ""]);
  });
});
