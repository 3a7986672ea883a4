import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { runSealdeskAlone } from "../../support/sealdesk-command.ts";
import {
  endAll,
  spawnServer,
  temporaryHome,
  type ServerProcess,
} from "../../support/server-process.ts";
import { until } from "../../support/until.ts";

// A server that accepts connections and says nothing, as behind a firewall that swallows packets.
let silent: Server;
let address: string;
const sockets = new Set<Socket>();
let folder: Awaited<ReturnType<typeof temporaryHome>>;
const servers: ServerProcess[] = [];
beforeAll(async () => {
  silent = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(silent, "listening");
  address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  silent.close();
});
beforeEach(async () => {
  folder = await temporaryHome();
});
afterEach(async () => {
  await endAll(folder.home, servers.splice(0));
  await folder.remove();
});

function start(environment: Readonly<Record<string, string>>): ServerProcess {
  const server = spawnServer(folder.home, {
    environment: { NODE_ENV: "development", ...environment },
  });
  servers.push(server);
  return server;
}

const lines = (server: ServerProcess, message: string, service: string): number =>
  server
    .output()
    .split("\n")
    .filter((line) => line.includes(`"${message}"`) && line.includes(`"service":"${service}"`))
    .length;

test.each([
  ["SIGINT", "database", () => ({ DATABASE_URL: `postgresql://a:b@${address}/x` })],
  [
    "SIGTERM",
    "key service",
    () => ({ SEALDESK_KMS: "vault", VAULT_ADDR: `http://${address}`, VAULT_TOKEN: "t" }),
  ],
] as const)(
  "%s ends a server that waits for the %s, which it says",
  async (signal, service, environment) => {
    const server = start(environment());
    await until(() => lines(server, "waiting", service) === 1);
    server.process.kill(signal);
    expect(await server.ended()).toBe(0);
    // It did not end because the wait had come to its limit.
    expect(server.errors()).toBe("");
  },
);

describe("with a database that answers", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database?.drop());

  test("a silent Redis is said once, and the server starts without it and stops", async () => {
    const server = start({ DATABASE_URL: database.ownerUrl, REDIS_URL: `redis://${address}` });
    await server.url();
    expect(lines(server, "connection lost", "redis")).toBe(1);
    server.process.kill("SIGTERM");
    expect(await server.ended()).toBe(0);
  });
});

test("the server and the commands give up a silent database after ten seconds, in one sentence", async () => {
  const environment = { DATABASE_URL: `postgresql://a:b@${address}/x` };
  const sentence = "DATABASE_URL leads to a server that gave no answer within 10 s.\n";
  const server = start(environment);
  const command = await runSealdeskAlone(["migrate"], environment);
  expect(command).toEqual({ code: 1, out: "", err: sentence });
  expect(await server.ended()).toBe(1);
  expect(server.errors()).toBe(sentence);
});
