import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate } from "../../../db/migrate.ts";
import { readConfig } from "../../../server/config.ts";
import { createLog } from "../../../server/log.ts";
import { startServer } from "../../../server/start.ts";
import { createTestDatabase } from "../../support/database.ts";
import { onDatabase, startPostgres, type Postgres } from "../../support/postgres.ts";
import { spawnServer } from "../../support/server-processes.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { newId } from "../../../tools/testkit/ids.ts";

// The built command: `npm run build` comes before these tests.
const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
const LOCK = "select pg_advisory_lock(hashtext('sealdesk.migrate'))";
const ports = {
  now: Date.now,
  newId,
  log: createLog("error", process.stdout),
  version: "0.0.0-test",
};

let home: string;
let postgres: Postgres;
let databases = 0;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "sealdesk-together-"));
  postgres = await startPostgres(18);
});
afterAll(async () => {
  await postgres.stop();
  await rm(home, { recursive: true, force: true });
});

const emptyDatabase = (): Promise<string> => postgres.createDatabase(`empty_${++databases}`);
const schemasOf = (url: string) =>
  onDatabase(url, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "select nspname as name from pg_namespace where nspname in ('sealdesk', 'audit', 'keystore')",
    );
    return rows.map(({ name }) => name).toSorted();
  });

test("servers that start together come up, on an empty database and on a current one", async () => {
  const environment = { NODE_ENV: "development", DATABASE_URL: await emptyDatabase() };
  for (let round = 0; round < 2; round++) {
    const servers = await Promise.all([1, 2, 3].map(() => spawnServer(home, environment)));
    try {
      await Promise.all(servers.map((server) => server.ready()));
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  }
});

describe("a database that is up to date", () => {
  let server: TestServer;
  let environment: Record<string, string>;
  beforeAll(async () => {
    server = await startTestServer();
    // The server's own login, and no owner's.
    environment = {
      NODE_ENV: "test",
      PORT: "0",
      SEALDESK_HOME: server.home,
      DATABASE_URL: server.loginUrl,
    };
  });
  afterAll(() => server.close());

  test("is served without the owner's login, and while another process holds the lock", async () => {
    await onDatabase(server.database.ownerUrl, async (client) => {
      await client.query(LOCK);
      const node = await startServer(readConfig(environment), ports);
      expect((await fetch(`${node.address}/readyz`)).status).toBe(200);
      await node.close();
    });
  });

  test("is not served by a server that is older than its schema", async () => {
    const { owner } = server.database;
    const later = "9999_later";
    await owner.query(
      "insert into sealdesk_migrations.migrations (name, run_on) values ($1, now())",
      [later],
    );
    await expect(startServer(readConfig(environment), ports)).rejects.toMatchObject({
      code: "schema_ahead",
      message: expect.stringContaining(later),
    });
    // One that runs already goes on: newer nodes migrate first while nodes are replaced.
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    await owner.query("delete from sealdesk_migrations.migrations where name = $1", [later]);
  });
});

describe("while another process migrates", () => {
  test("a server waits, says so once, and goes on when that is done", async () => {
    const url = await emptyDatabase();
    await onDatabase(url, async (client) => {
      await client.query(LOCK);
      const own = await mkdtemp(join(home, "waits-"));
      const server = await spawnServer(own, { NODE_ENV: "development", DATABASE_URL: url });
      const waiting = "waiting for another process to migrate the database";
      const waits = () => server.output().split(waiting).length - 1;
      await Promise.race([until(() => waits() > 0), server.ended]);
      expect(await schemasOf(url)).toEqual([]);
      await client.query("select pg_advisory_unlock_all()");
      await server.ready();
      expect(waits()).toBe(1);
      expect(await server.stop()).toBe(0);
    });
  });

  test("a connection that is cut while it waits fails the migration, and not the process", async () => {
    const url = await emptyDatabase();
    await onDatabase(url, async (client) => {
      await client.query(LOCK);
      let cut: Promise<unknown> = Promise.resolve();
      const onWait = () => {
        cut = client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where application_name = 'sealdesk-migrate' and datname = current_database()`,
        );
      };
      await expect(migrate(url, url, { onWait })).rejects.toMatchObject({
        code: "migration_failed",
      });
      await cut;
    });
  });

  test("migrating gives up after a time, and says what to look at", async () => {
    const url = await emptyDatabase();
    await onDatabase(url, async (client) => {
      await client.query(LOCK);
      await expect(migrate(url, url, { waitMs: 0 })).rejects.toMatchObject({
        code: "migration_busy",
        message: expect.stringContaining("pg_stat_activity"),
      });
    });
  });
});

test("a process that is killed in the middle of a migration leaves nothing half done", async () => {
  const url = await emptyDatabase();
  await onDatabase(url, async (client) => {
    // The data's first migration waits for this schema; the keystore's have committed by then.
    await client.query("begin; create schema audit");
    const child = spawn(process.execPath, [command, "migrate"], {
      cwd: tmpdir(),
      env: { PATH: process.env["PATH"], SEALDESK_HOME: home, DATABASE_URL: url },
    });
    const exited = once(child, "exit");
    const isBlocked = until(async () => {
      // On a connection of its own: a transaction keeps the activity that it saw first.
      const { rows } = await onDatabase(url, (looking) =>
        looking.query(`select exists (select from pg_stat_activity where wait_event_type = 'Lock'
          and application_name = 'sealdesk-migrate' and datname = current_database()) as blocked`),
      );
      return rows[0].blocked;
    });
    await Promise.race([isBlocked, exited]);
    child.kill("SIGKILL");
    await exited;
    await client.query("rollback");
  });
  // The killed session's end is the database's to notice; the next migration waits for it.
  expect(await migrate(url)).toBeGreaterThan(0);
  expect(await schemasOf(url)).toEqual(["audit", "keystore", "sealdesk"]);
});

test("a server without an owner's login says that the schema has to be migrated first", async () => {
  const database = await createTestDatabase();
  const login = "sealdesk_nobody";
  await database.owner.query(
    `create role ${login} login password 'pw' in role sealdesk_app, sealdesk_keystore`,
  );
  await database.owner.query(
    "delete from sealdesk_migrations.migrations where name = (select max(name) from sealdesk_migrations.migrations)",
  );
  const url = new URL(database.ownerUrl);
  url.username = login;
  url.password = "pw";
  try {
    const config = readConfig({
      NODE_ENV: "test",
      PORT: "0",
      SEALDESK_HOME: home,
      DATABASE_URL: url.href,
    });
    await expect(startServer(config, ports)).rejects.toMatchObject({
      code: "migration_failed",
      message: expect.stringContaining("DATABASE_OWNER_URL"),
    });
  } finally {
    await database.owner.query(`drop role ${login}`);
    await database.drop();
  }
});
