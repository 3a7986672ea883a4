import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import {
  endAll,
  isRunning,
  postmasterOf,
  spawnServer,
  status,
  temporaryHome,
  type ServerProcess,
} from "../../support/server-process.ts";
import { until } from "../../support/until.ts";

let folder: Awaited<ReturnType<typeof temporaryHome>>;
let home: string;
const secret = "hvs.secret-of-this-test";
let server: ServerProcess;
let url: string;

beforeEach(async () => {
  folder = await temporaryHome();
  ({ home } = folder);
  server = spawnServer(home, { environment: { VAULT_TOKEN: secret } });
  url = await server.url();
});
afterEach(async () => {
  await endAll(home, [server]);
  await folder.remove();
});

const lines = (pattern: RegExp) =>
  server
    .output()
    .split("\n")
    .filter((line) => pattern.test(line));

test("an embedded database that is killed comes back, is logged once, and stops with the server", async () => {
  const before = (await postmasterOf(home))!;
  process.kill(before, "SIGKILL");
  await until(async () => (await status(`${url}/readyz`)) === 503);
  await until(async () => (await status(`${url}/readyz`)) === 200);
  await until(() => lines(/embedded database restarted/).length === 1);
  expect(lines(/embedded database lost/)).toHaveLength(1);
  const after = (await postmasterOf(home))!;
  expect(after).not.toBe(before);
  server.process.kill("SIGTERM");
  expect(await server.ended()).toBe(0);
  expect(server.errors()).toBe("");
  expect(await postmasterOf(home)).toBeUndefined();
});

test("a superuser of the embedded database cannot read the server's secrets in its environment", async () => {
  const read = (name: string) => readFile(join(home, "postgres", name), "utf8");
  const client = new pg.Client({
    host: "127.0.0.1",
    port: Number((await read("postmaster.pid")).split("\n")[3]),
    user: "postgres",
    password: await read("owner-password"),
    database: "postgres",
  });
  await client.connect();
  await client.query("create temp table environment (line text)");
  await client.query("copy environment from program 'env'");
  const { rows } = await client.query<{ line: string }>("select line from environment");
  await client.end();
  const names = rows.map(({ line }) => line.split("=")[0]);
  expect(names).toContain("PATH");
  expect(rows.map(({ line }) => line).join("\n")).not.toContain(secret);
  expect(names).not.toContain("SEALDESK_HOME");
});

test("a database that does not come back ends the server with one sentence and a status", async () => {
  const file = join(home, "postgres", "postgresql.conf");
  await rename(file, `${file}.good`);
  await writeFile(file, "this is no setting = at all\n");
  process.kill((await postmasterOf(home))!, "SIGKILL");
  expect(await server.ended()).toBe(1);
  expect(server.errors()).toMatch(
    /^The embedded database ended and could not be restarted in 8 attempts\. \S+ says why\.[^\n]*\n$/,
  );
});

test("a database that a killed server left running is taken over by the next start", async () => {
  server.process.kill("SIGKILL");
  await server.ended();
  const left = (await postmasterOf(home))!;
  expect(isRunning(left)).toBe(true);
  server = spawnServer(home);
  await server.url();
  expect(await postmasterOf(home)).toBe(left);
  server.process.kill("SIGTERM");
  expect(await server.ended()).toBe(0);
  expect(await postmasterOf(home)).toBeUndefined();
});
