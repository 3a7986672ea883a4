/** A server says that an account has no key yet, so that a device would sign a list of itself alone. */
import { webSocket } from "../../client/index.node.ts";
import { Sealdesk, type Fetch } from "../../client/index.ts";
import { DeviceStore } from "../../crypto/device/store.ts";
import { signalSuite } from "../../crypto/device/suites/signal/index.ts";
import { connect, connectSibling, connectStaff, startLinking } from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** Says from the sign-in of this number on that the account has no key. */
function denying(from: number): Fetch {
  let signIns = 0;
  return async (url, init) => {
    const response = await globalThis.fetch(url, init);
    if (!url.endsWith("/v1/sessions") || init.method !== "POST" || ++signIns < from)
      return response;
    const body = (await response.json()) as object;
    return Response.json({ ...body, accountKey: null }, { status: response.status });
  };
}

const refused = { code: "key_log_inconsistent" };

test("a registered device signs nothing, and goes on once the server is honest", async () => {
  const first = await connectStaff(server);
  const sibling = await connectSibling(server, first, {}, { history: false });
  await first.sealdesk.signOut();
  const options = {
    url: server.url,
    credentials: first.credentials,
    suite: signalSuite({ maxMessages: 100, maxAgeMs: 3_600_000 }),
    store: await DeviceStore.open(first.level, first.key),
    webSocket,
  };
  const runtime = { fetch: denying(1) };
  await expect(Sealdesk.connect({ ...options, runtime })).rejects.toMatchObject(refused);
  const again = await Sealdesk.connect(options);
  expect(await again.devices()).toHaveLength(2);
  await Promise.all([again, sibling.sealdesk].map((each) => each.close()));
});

test("neither does a device that was approved and is not registered yet", async () => {
  const first = await connectStaff(server);
  const runtime = { fetch: denying(2) };
  const newcomer = await startLinking(server, first.credentials, { runtime });
  await first.sealdesk.approveDevice(newcomer.link.code, { history: false });
  await expect(newcomer.member).rejects.toMatchObject(refused);
  expect(await first.sealdesk.devices()).toHaveLength(1);
  await newcomer.quit();
  await first.sealdesk.close();
});

test("neither does an empty store, if the key log has a device of the account", async () => {
  const first = await connectStaff(server);
  const runtime = { fetch: denying(1) };
  await expect(connect(server, first.credentials, { runtime })).rejects.toMatchObject(refused);
  await first.sealdesk.close();
});
