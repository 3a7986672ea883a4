import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, Sealdesk, type Credentials } from "../../client/index.ts";
import { webSocket } from "../../client/index.node.ts";
import type { Fetch } from "../../client/runtime.ts";
import { allowPage, newAuthenticator, page } from "../support/passkey.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-passkeys-"));
  await allowPage(server, server.tenant.slug);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** As a browser sends the requests of the page. */
const fetchOfPage: Fetch = (url, { headers, ...init }) =>
  fetch(url, { ...init, headers: { ...headers, origin: page } });

async function connect(name: string, credentials: Credentials) {
  const store = await openStore(join(folder, name), new Uint8Array(32));
  const runtime = { fetch: fetchOfPage };
  return Sealdesk.connect({ url: server.url, credentials, store, runtime, webSocket });
}

test("an app adds a passkey, and signs in with it alone, after the password, and for a fresh proof", async () => {
  const { id, tenant, username, password } = await server.createStaff("agent");
  const authenticator = newAuthenticator();
  const use = (publicKey: object) => authenticator.getJSON(page, publicKey as never);
  const make = (publicKey: object) => authenticator.createJSON(page, publicKey as never);
  const byPassword = { grant: "password", tenant, username, password } as const;
  const first = await connect("first", byPassword);
  const passkey = await first.credentials.addPasskey({ name: "Blue key", password }, make);
  await first.credentials.renamePasskey(passkey, "Red key");
  expect(await first.credentials.passkeys()).toMatchObject([{ id: passkey, name: "Red key" }]);
  await first.close();

  const alone = await connect("alone", { grant: "passkey", tenant, passkey: use });
  expect(alone.user.id).toBe(id);
  await alone.close();
  await expect(connect("without", byPassword)).rejects.toMatchObject({
    code: "second_factor_required",
  });
  const both = await connect("both", { ...byPassword, secondFactor: ({ passkey: by }) => by(use) });
  await both.credentials.stepUpWithPasskey(use);
  await expect(both.credentials.stepUpWithPasskey(() => ({}))).rejects.toMatchObject({
    code: "invalid_argument",
  });
  await both.credentials.removePasskey(passkey);
  expect(await both.credentials.passkeys()).toEqual([]);
  await both.close();
});
