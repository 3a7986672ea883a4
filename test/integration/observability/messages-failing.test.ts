import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function readiness(): Promise<{
  readonly status: number;
  readonly reasons: readonly string[];
}> {
  const answer = await fetch(`${server.url}/readyz`);
  const { reasons } = (await answer.json()) as { readonly reasons?: string[] };
  return { status: answer.status, reasons: reasons ?? [] };
}

const counted = async (): Promise<number> => {
  const { rows } = await server.database.owner.query<{ count: number }>(
    `select (select count(*) from sealdesk.events)::int + (select count(*) from sealdesk.sender_keys)::int
       as count`,
  );
  return rows[0]?.count ?? -1;
};

test.each([
  ["store a message", "insert on sealdesk.events"],
  ["take a prekey", "update on sealdesk.one_time_prekeys"],
])(
  "a server that may not %s is not ready, before anybody sends one",
  async (_what, privilege) => {
    const before = await counted();
    await until(async () => (await readiness()).status === 200);
    await server.database.owner.query(`revoke ${privilege} from sealdesk_app`);
    await until(async () => (await readiness()).reasons.includes("messages_failing"));
    await server.database.owner.query(`grant ${privilege} to sealdesk_app`);
    await until(async () => (await readiness()).status === 200);
    // What was tried left nothing behind.
    expect(await counted()).toBe(before);
  },
  60_000,
);
