import { TestDevice } from "../../support/device.ts";
import { ada, startProvider, type TestProvider } from "../../support/identity-provider.ts";
import { grantFrom } from "../../support/provider-grant.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let provider: TestProvider;
beforeAll(async () => {
  server = await startTestServer({ networkSignInLimit: { burst: 2, secondsPerFurther: 600 } });
  provider = await startProvider(server);
});
afterAll(() => server.close());

async function statusOf(changes: object = {}): Promise<number> {
  const device = new TestDevice(server);
  const grant = { ...(await grantFrom(provider, device, ada.id)), ...changes };
  return (await device.signIn(grant)).status;
}

test("only what the provider refuses counts against a network", async () => {
  const device = new TestDevice(server);
  const grant = await grantFrom(provider, device, ada.id);
  provider.setGroups(ada.id, "none");
  for (let at = 0; at < 3; at++) expect(await statusOf()).toBe(403);
  provider.setGroups(ada.id, "support");
  for (let at = 0; at < 3; at++) expect(await statusOf()).toBe(201);
  for (let at = 0; at < 2; at++) expect(await statusOf({ code: "guessed" })).toBe(401);
  expect(await statusOf({ code: "guessed" })).toBe(429);
  await provider.close();
  // The limit comes before the provider is asked.
  expect((await device.signIn(grant)).status).toBe(429);
});
