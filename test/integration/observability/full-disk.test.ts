import { Conversing } from "../../support/conversing.ts";
import { messageTo } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { mountSmallDisk, type SmallDisk } from "../../support/small-disk.ts";
import { until } from "../../support/until.ts";

let disk: SmallDisk;
let server: TestServer;
beforeAll(async () => {
  disk = await mountSmallDisk();
  server = await startTestServer({}, {}, disk.tablespace);
});
afterAll(async () => {
  await server.close();
  await disk.close();
});

const isFailing = async (): Promise<boolean> => {
  const answer = await fetch(`${server.url}/readyz`);
  const { reasons } = (await answer.json()) as { reasons?: readonly string[] };
  return answer.status === 503 && reasons?.includes("storage_failing") === true;
};

test("on a full disk nothing is accepted and the server is not ready; with room it stores everything", async () => {
  const pair = await Conversing.begin(server, [server, server]);
  await pair.say("customer");
  await disk.fill();

  // Pages in use take some messages. None is accepted that needs a new page.
  const waiting: Promise<unknown>[] = [];
  let answered = 0;
  await until(async () => {
    if (answered === waiting.length) {
      const message = messageTo(pair.id, [pair.agent.device]);
      const answer = pair.customer.socket.post({ ...message, ciphertext: new Uint8Array(60_000) });
      waiting.push(answer.finally(() => answered++));
    }
    return isFailing();
  });

  await disk.clear();
  await until(async () => !(await isFailing()));
  await Promise.allSettled(waiting);
  await pair.say("customer");
  await pair.say("agent");
  const { rows } = await server.database.owner.query<{ stored: number; last: number }>(
    "select count(*)::int as stored, max(seq)::int as last from sealdesk.events where conversation = $1",
    [pair.id],
  );
  expect(rows[0]?.stored).toBeGreaterThanOrEqual(4);
  expect(rows[0]?.last).toBe(rows[0]?.stored);
});
