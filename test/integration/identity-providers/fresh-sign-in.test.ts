import { staffDevice, TestDevice } from "../../support/device.ts";
import { ada, startProvider, type TestProvider } from "../../support/identity-provider.ts";
import { grantFrom } from "../../support/provider-grant.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let provider: TestProvider;
beforeAll(async () => {
  server = await startTestServer();
  const roles = [{ group: "support", role: "admin" as const }];
  provider = await startProvider(server, { roles });
});
afterAll(async () => {
  await provider.close();
  await server.close();
});

test("an act that is hard to undo needs a sign-in at the provider of the last ten minutes", async () => {
  const device = new TestDevice(server);
  await device.signIn(
    await grantFrom(provider, device, ada.id, server.tenant.slug, undefined, {
      prompt: "login",
      max_age: "0",
    }),
  );
  expect((await device.register()).status).toBe(201);
  const removeOne = async () =>
    device.request("DELETE", `/v1/devices/${(await staffDevice(server)).id}`);
  expect((await removeOne()).status).toBe(204);
  server.clock.offsetMs = 10 * 60_000;
  const { status, body } = await removeOne();
  expect([status, body.code]).toEqual([403, "step_up_required"]);
  expect(body.detail).toContain("Sign in again at your identity provider");
});
