import { decodeProtectedHeader } from "jose";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { rotateServerKey } from "../../../keys/server-keys/rotate-server-key.ts";
import { startVaultDouble } from "../../../tools/testkit/vault-double.ts";
import { TestDevice } from "../../support/device.ts";
import { startTestServer } from "../../support/server.ts";

const kidOf = (token: string) => decodeProtectedHeader(token).kid;

test("a running server takes up a rotated key, and serves who signed in before", async () => {
  const server = await startTestServer({}, { serverKeysPollMs: 50 });
  const device = new TestDevice(server);
  await device.signInAsStaff(await server.createStaff("agent"));
  const before = device.token ?? "";

  const settings = { kind: "local", passphrase: undefined, keyFile: undefined } as const;
  const { kms } = await openKms({ ...settings, home: server.home, mustBeSealed: false });
  const { ownerUrl } = server.database;
  await rotateServerKey({ ownerUrl, kms, now: Date.now }, { name: "tokens", by: "operator" });
  await rotateServerKey({ ownerUrl, kms, now: Date.now }, { name: "blind-index", by: "operator" });

  let after = before;
  while (kidOf(after) === kidOf(before)) {
    const { status, body } = await device.request("POST", "/v1/sessions/current/renew");
    expect(status).toBe(200);
    after = body.accessToken as string;
  }
  for (const token of [before, after]) {
    device.token = token;
    expect((await device.request("GET", "/v1/staff")).status).toBe(200);
  }
  await server.close();
});

test("with its keys in Vault (the double) it serves, and says when Vault is sealed", async () => {
  const vault = await startVaultDouble();
  const kms = { kind: "vault", ...vault.options } as const;
  const keyring = { home: "/nonexistent", passphrase: undefined, keyFile: undefined };
  const server = await startTestServer({ kms: { ...kms, ...keyring } });
  const device = new TestDevice(server);
  await device.signInAsStaff(await server.createStaff("agent"));
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);

  vault.forbidden = /lookup-self/;
  const denied = await fetch(`${server.url}/readyz`);
  expect([denied.status, await denied.json()]).toEqual([
    503,
    expect.objectContaining({ reasons: ["kms_denied"] }),
  ]);
  // What is unwrapped goes on serving.
  vault.sealed = true;
  expect((await device.request("GET", "/v1/staff")).status).toBe(200);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  vault.sealed = false;
  vault.forbidden = undefined;
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  await server.close();
  await vault.close();
});
