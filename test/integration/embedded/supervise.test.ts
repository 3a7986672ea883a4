import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import type { DatabaseError } from "../../../db/database-error.ts";
import { supervisePostgres, type SupervisedPostgres } from "../../../db/embedded/supervise.ts";
import { postmasterOf, temporaryHome } from "../../support/server-process.ts";
import { until } from "../../support/until.ts";

const policy = { attempts: 4, firstMs: 20, mostMs: 100, steadyMs: 60_000 };

let folder: Awaited<ReturnType<typeof temporaryHome>>;
let directory: string;
let told: string[];
let givenUp: DatabaseError | undefined;
let cluster: SupervisedPostgres;

beforeEach(async () => {
  folder = await temporaryHome();
  directory = join(folder.home, "postgres");
  told = [];
  givenUp = undefined;
  cluster = await supervisePostgres(directory, {
    onLost: () => told.push("lost"),
    onRestarted: () => told.push("restarted"),
    onGivenUp: (error) => (givenUp = error),
    policy,
  });
});
afterEach(async () => {
  await cluster.stop();
  await folder.remove();
});

async function select(): Promise<number | null> {
  const client = new pg.Client({ connectionString: cluster.ownerUrl });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query("select 1")).rowCount;
  } finally {
    await client.end();
  }
}

async function killPostmaster(): Promise<void> {
  process.kill((await postmasterOf(folder.home))!, "SIGKILL");
}

/** Keeps PostgreSQL from starting. @returns what lets it start again */
async function spoilConfiguration(): Promise<() => Promise<void>> {
  const file = join(directory, "postgresql.conf");
  await rename(file, `${file}.good`);
  await writeFile(file, "this is no setting = at all\n");
  return () => rename(`${file}.good`, file);
}

test("a postmaster that is killed is started again at the same address, once per kill", async () => {
  for (const kills of [1, 2]) {
    await killPostmaster();
    await until(() => told.length === 2 * kills);
    expect(await select()).toBe(1);
  }
  expect(told).toEqual(["lost", "restarted", "lost", "restarted"]);
});

test("a postmaster that lost a backend lives on, and is claimed again", async () => {
  const postmaster = await postmasterOf(folder.home);
  const client = new pg.Client({ connectionString: cluster.ownerUrl });
  client.on("error", () => undefined);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  process.kill(rows[0]!.pid, "SIGKILL");
  await until(() => told.length >= 2 || givenUp !== undefined);
  expect(givenUp).toBeUndefined();
  expect(told).toEqual(["lost", "restarted"]);
  expect(await postmasterOf(folder.home)).toBe(postmaster);
});

test("a database that cannot be started again is given up after a number of attempts", async () => {
  await spoilConfiguration();
  await killPostmaster();
  await until(() => givenUp !== undefined);
  expect(givenUp).toMatchObject({
    code: "embedded_unavailable",
    message: expect.stringMatching(/could not be restarted in 4 attempts\. .*server\.log/),
  });
  expect(told).toEqual(["lost"]);
  const log = await readFile(join(directory, "server.log"), "utf8");
  expect(log.match(/syntax error in file/g)).toHaveLength(policy.attempts);
  await cluster.stop();
});

test("a database that can be started after a failed attempt is started", async () => {
  const repair = await spoilConfiguration();
  await killPostmaster();
  const log = () => readFile(join(directory, "server.log"), "utf8");
  await until(async () => /syntax error in file/.test(await log()));
  await repair();
  await until(() => told.includes("restarted") || givenUp !== undefined);
  expect(told).toEqual(["lost", "restarted"]);
});

test("stopping ends a restart that is under way", async () => {
  await killPostmaster();
  await until(() => told.includes("lost"));
  await cluster.stop();
  expect(await postmasterOf(folder.home)).toBeUndefined();
  expect(givenUp).toBeUndefined();
});
