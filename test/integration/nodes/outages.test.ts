import { Secret } from "../../../keys/secret.ts";
import { Conversing } from "../../support/conversing.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { startTestServer, type TestNode, type TestServer } from "../../support/server.ts";

const timings = { pollMs: 1_500, hintFlushMs: 5 };
/** The longest from one poll to the next, and much for a busy machine to read on. Without polls, it would never. */
const POLL_AT_MOST_MS = timings.pollMs * 1.25 + 20_000;
const HINTED_MS = 600;

interface Outage {
  begin(): Promise<void>;
  end(): Promise<void>;
}

/**
 * Messages in both directions between two nodes, before, during and after an outage of what carries
 * the hints, which begins and ends while messages are on their way.
 */
async function converseThrough(server: TestServer, other: TestNode, outage: Outage) {
  const all = await Promise.all(
    Array.from({ length: 4 }, () => Conversing.begin(server, [server, other])),
  );
  const round = () => Promise.all(all.flatMap((pair) => [pair.say("customer"), pair.say("agent")]));
  const rounds = async (count: number): Promise<number[]> => {
    const took: number[] = [];
    for (let index = 0; index < count; index++) took.push(...(await round()));
    return took;
  };
  await rounds(2);
  const before = await rounds(3);
  const [during] = await Promise.all([rounds(3), outage.begin()]);
  const [ending] = await Promise.all([rounds(1), outage.end()]);
  // Recovered when a whole round is as fast as hints are; the test's time limit ends the waiting.
  let after = await round();
  while (median(after) > HINTED_MS) after = await round();

  expect(median(before)).toBeLessThan(HINTED_MS);
  expect(Math.max(...during, ...ending)).toBeLessThan(POLL_AT_MOST_MS);
  for (const pair of all)
    expect(pair.receivedByBoth().toSorted()).toEqual(pair.accepted.toSorted());
  await Promise.all(all.map((pair) => pair.close()));
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

describe("over Redis", () => {
  let redis: TestRedis;
  let server: TestServer;
  let other: TestNode;
  beforeAll(async () => {
    redis = await startRedis();
    server = await startTestServer({ redisUrl: new Secret(redis.url) }, timings);
    other = await server.startNode();
  });
  afterAll(async () => {
    await other.close();
    await server.close();
    await redis.kill();
  });

  test("R2: Redis is killed and comes back: nothing is lost or doubled, only later", async () => {
    await converseThrough(server, other, {
      begin: () => redis.kill(),
      end: () => redis.restart(),
    });
  }, 60_000);
});

describe("over NOTIFY", () => {
  let server: TestServer;
  let other: TestNode;
  beforeAll(async () => {
    server = await startTestServer({}, timings);
    other = await server.startNode();
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  test("R2: the listening connections are cut: nothing is lost or doubled, only later", async () => {
    const { owner } = server.database;
    const LISTENING = `from pg_stat_activity
      where application_name = 'sealdesk-hints' and datname = current_database()`;
    const outage = new AbortController();
    let cuts: Promise<void> = Promise.resolve();
    await converseThrough(server, other, {
      async begin() {
        // Nobody new may listen either, until the outage ends.
        cuts = (async () => {
          while (!outage.signal.aborted) {
            await owner.query(`select pg_terminate_backend(pid) ${LISTENING}`);
            await new Promise((resolve) => setImmediate(resolve));
          }
        })();
      },
      async end() {
        outage.abort();
        await cuts;
      },
    });
    while ((await owner.query(`select ${LISTENING}`)).rowCount !== 2);
  }, 60_000);
});
