import { assertReachable } from "../../../db/assert-reachable.ts";
import { Secret } from "../../../keys/secret.ts";
import { Conversing } from "../../support/conversing.ts";
import { startPgBouncer, type PgBouncer } from "../../support/pgbouncer.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let pooler: PgBouncer | undefined;
beforeAll(async () => {
  server = await startTestServer();
});
afterEach(() => pooler?.close());
afterAll(() => server.close());

test("a node runs through PgBouncer in session mode", async () => {
  pooler = await startPgBouncer([server.loginUrl], ["pool_mode = session"]);
  const node = await server.startNode({ databaseUrl: new Secret(pooler.through(server.loginUrl)) });
  const conversing = await Conversing.begin(server, [node, server]);
  await conversing.say("customer");
  await conversing.say("agent");
  await conversing.close();
  await node.close();
});

test.each([
  ["transaction mode", ["pool_mode = transaction"]],
  [
    "transaction mode without startup options",
    ["pool_mode = transaction", "ignore_startup_parameters = options"],
  ],
  ["transaction mode in turn", ["pool_mode = transaction", "server_round_robin = 1"]],
  ["transaction mode with one session", ["pool_mode = transaction", "default_pool_size = 1"]],
  ["statement mode", ["pool_mode = statement"]],
])("PgBouncer in %s is refused in one sentence", async (_mode, settings) => {
  pooler = await startPgBouncer([server.loginUrl], settings);
  const url = pooler.through(server.loginUrl);
  const refused = {
    code: "sessions_shared",
    message: expect.stringMatching(/^DATABASE_URL leads to a pooler [^.]*\. Connect [^.]*\.$/),
  };
  await expect(assertReachable({ variable: "DATABASE_URL", url })).rejects.toMatchObject(refused);
  await expect(server.startNode({ databaseUrl: new Secret(url) })).rejects.toMatchObject(refused);
});
