/** What a connection held is given back, also if it ends while its request is being authenticated. */
import pg from "pg";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { RawConnection } from "../../support/raw-http.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const BODY_BYTES = 12_000;
const MIB = 1024 * 1024;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    // There is room for one body of an account.
    heldBytes: {
      network: MIB,
      site: MIB,
      strangers: MIB,
      account: 20_000,
      tenant: MIB,
      node: MIB,
    },
  });
});
afterAll(() => server.close());

const headersOf = (device: TestDevice, method: string, path: string) => ({
  dpop: device.proof(method, path, { token: device.token }),
  authorization: `DPoP ${device.token}`,
});

/** Sends a request, and cuts the connection off while the session of its sender is being read. */
async function cutOffWhileAuthenticating(
  line: string,
  headers: Record<string, string | number>,
): Promise<void> {
  const { owner, ownerUrl } = server.database;
  const holding = new pg.Client(ownerUrl);
  await holding.connect();
  await holding.query("begin");
  await holding.query("lock table sealdesk.sessions in access exclusive mode");
  const connection = new RawConnection(server.url).request(line, headers);
  const BLOCKED =
    "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
  while ((await owner.query(BLOCKED)).rowCount === 0);
  connection.socket.resetAndDestroy();
  await connection.closed;
  // The server has noticed it when it has answered requests that came later.
  for (let turn = 0; turn < 3; turn++) await (await fetch(`${server.url}/healthz`)).text();
  await holding.query("commit");
  await holding.end();
}

test("followers of the audit log that are gone take no place of those who come", async () => {
  const auditor = await staffDevice(server, "auditor");
  const path = "/v1/audit/tail";
  for (let follower = 0; follower < 3; follower++)
    await cutOffWhileAuthenticating(`GET ${path}`, headersOf(auditor, "GET", path));
  const response = await fetch(server.url + path, { headers: headersOf(auditor, "GET", path) });
  expect(response.status).toBe(200);
  await response.body?.cancel();
});

test("a body that will not come takes no memory from those that come", async () => {
  const device = await customerDevice(server);
  const path = "/v1/conversations";
  const headers = () => ({
    ...headersOf(device, "POST", path),
    "content-type": "application/json",
  });
  await cutOffWhileAuthenticating(`POST ${path}`, { ...headers(), "content-length": BODY_BYTES });
  const body = " ".repeat(BODY_BYTES);
  const response = await fetch(server.url + path, { method: "POST", headers: headers(), body });
  expect(await response.json()).toMatchObject({ code: "malformed_json" });
});
