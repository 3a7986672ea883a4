import { Secret } from "../../../keys/secret.ts";
import { openDevelopmentTenant } from "../../../server/development.ts";
import { readConfig } from "../../../server/config.ts";
import { startTestServer } from "../../support/server.ts";
import { createTestDatabase } from "../../support/database.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDemoTenant } from "../../../tools/testkit/demo-tenant.ts";
import { createLog } from "../../../server/log.ts";
import { startServer } from "../../../server/start.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const passphrase = "a passphrase of some length";
const refusal = (message: RegExp) =>
  expect.objectContaining({ name: "ConfigError", message: expect.stringMatching(message) });

test("a sealed keyring and a database of one's own are served", async () => {
  const home = await mkdtemp(join(tmpdir(), "sealdesk-home-"));
  const server = await startTestServer({
    mode: "production",
    kms: {
      kind: "local",
      home,
      passphrase: new Secret(passphrase),
      keyFile: undefined,
      mustBeSealed: true,
    },
  });
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect(await (await fetch(server.url)).text()).not.toContain("Sample accounts");
  await server.close();
  await rm(home, { recursive: true });
});

test("a configured database gets no sample accounts in development", async () => {
  const server = await startTestServer({ mode: "development" });
  const { rows } = await server.database.owner.query("select slug from sealdesk.tenants");
  expect(rows).toEqual([{ slug: server.tenant.slug }]);
  await server.close();
});

describe("the server refuses", () => {
  const environment = (database: { ownerUrl: string }, home: string) => ({
    NODE_ENV: "production",
    PORT: "0",
    PUBLIC_URL: "https://desk.example",
    SEALDESK_HOME: home,
    DATABASE_URL: database.ownerUrl,
    SEALDESK_KEYRING_PASSPHRASE: passphrase,
  });
  const ports = {
    now: Date.now,
    newId,
    log: createLog("error", process.stdout),
    version: "0.0.0-test",
  };

  test("a database with the development tenant in it", async () => {
    const database = await createTestDatabase();
    const home = await mkdtemp(join(tmpdir(), "sealdesk-home-"));
    try {
      const config = readConfig(environment(database, home));
      await createDemoTenant(home, database.ownerUrl);
      await expect(startServer(config, ports)).rejects.toThrow(refusal(/^DATABASE_URL .*sample/));
    } finally {
      await database.drop();
      await rm(home, { recursive: true });
    }
  });

  test.each(["production", "development", "test"] as const)(
    "making sample accounts in a configured database, with NODE_ENV=%s",
    async (mode) => {
      const config = readConfig(environment({ ownerUrl: "postgresql://nowhere/x" }, tmpdir()));
      const deps = {
        pool: undefined as never,
        profiles: undefined as never,
        ownerUrl: "",
        ...ports,
      };
      await expect(openDevelopmentTenant({ ...config, mode }, deps)).rejects.toThrow(
        refusal(/^(NODE_ENV|DATABASE_URL) /),
      );
    },
  );

  test("a keyring whose passphrase is another, before anything is listened on", async () => {
    const home = await mkdtemp(join(tmpdir(), "sealdesk-home-"));
    const database = await createTestDatabase();
    try {
      const first = await startServer(readConfig(environment(database, home)), ports);
      await first.close();
      const changed = {
        ...environment(database, home),
        SEALDESK_KEYRING_PASSPHRASE: "x".repeat(12),
      };
      await expect(startServer(readConfig(changed), ports)).rejects.toThrow(
        expect.objectContaining({ code: "wrong_passphrase" }),
      );
    } finally {
      await database.drop();
      await rm(home, { recursive: true });
    }
  });
});
