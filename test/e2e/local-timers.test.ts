/** A server whose clock stands still. The security timers of a device run by its own clock. */
import { systemClock, type Fetch } from "../../client/runtime.ts";
import { connectCustomer, connectStaff, joined, readTexts } from "../support/member.ts";
import { rawMessages } from "../support/raw-log.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { startTamperingRelay } from "../support/tampering-relay.ts";

const hour = 3_600_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A device's clock, which the test moves, and a server whose `Date` header stays the same. */
function standingServer() {
  const date = new Date().toUTCString();
  const local = { offsetMs: 0 };
  const waiting: { readonly isIt: (request: string) => boolean; readonly found: () => void }[] = [];
  const fetch: Fetch = async (url, init) => {
    const answer = await globalThis.fetch(url, init);
    const headers = new Headers(answer.headers);
    headers.set("date", date);
    const { status } = answer;
    const body = status === 204 ? null : await answer.arrayBuffer();
    const request = `${init.method} ${new URL(url).pathname}`;
    for (const each of waiting) if (each.isIt(request)) each.found();
    return new Response(body, { status, headers });
  };
  const clock = { ...systemClock, now: () => Date.now() + local.offsetMs };
  /** Resolves with the next answered request of this kind. */
  const asked = (isIt: (request: string) => boolean) =>
    new Promise<void>((found) => waiting.push({ isIt, found }));
  return { local, asked, runtime: { clock, fetch } };
}

test("a sending key is replaced after an hour of the device's clock", async () => {
  const { local, runtime } = standingServer();
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server, { runtime });
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  for (const text of ["one", "two", "three"]) {
    await asking.send(text);
    local.offsetMs += hour + 1;
    // The device hears the server's time again.
    await customer.sealdesk.staff();
  }
  expect(await readTexts(await joined(agent, asking.id), 3)).toEqual(["one", "two", "three"]);
  const keys = (await rawMessages(server, asking.id)).map(({ keyId }) => keyId);
  expect(new Set(keys).size).toBe(3);
  await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
});

test("the device reads what the log says of its account every hour of its own clock", async () => {
  const { local, asked, runtime } = standingServer();
  const relay = await startTamperingRelay(server);
  const customer = await connectCustomer(server, {
    runtime,
    webSocket: relay.webSocket,
    backoff: { baseMs: 5, capMs: 20, stableMs: 50 },
  });
  const own = `GET /v1/users/${customer.sealdesk.user.id}/key-history`;
  for (let turn = 0; turn < 2; turn++) {
    const looked = asked((request) => request === own);
    local.offsetMs += hour + 1;
    await customer.sealdesk.staff();
    relay.cut();
    await looked;
  }
  await customer.sealdesk.close();
  await relay.close();
});

test("signed prekeys are renewed after half a day of the device's clock", async () => {
  const { local, asked, runtime } = standingServer();
  let customer = await connectCustomer(server, { runtime });
  const offered = async () => {
    const { rows } = await server.database.owner.query(
      "select kind, id from sealdesk.signed_prekeys where device = $1 order by kind",
      [customer.sealdesk.device],
    );
    return rows.map(({ kind, id }) => `${kind} ${id}`);
  };
  const before = await offered();
  local.offsetMs += 12 * hour;
  const uploaded = asked((request) => !request.startsWith("GET") && request.endsWith("/prekeys"));
  customer = await customer.restart();
  await uploaded;
  const after = await offered();
  expect(after).toHaveLength(2);
  for (const key of after) expect(before).not.toContain(key);
  await customer.sealdesk.close();
});
