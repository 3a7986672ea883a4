import { assertGuards } from "../../../audit/check/assert-guards.ts";
import { migrate } from "../../../db/migrate.ts";
import { createKeystorePool, createPool, assertTenantFence } from "../../../db/pool.ts";
import { DATA, KEYSTORE, schemaState } from "../../../db/schema-version.ts";
import { createTenant } from "../../../identity/accounts/create-tenant.ts";
import { onDatabase, startPostgres } from "../../support/postgres.ts";
import { until } from "../../support/until.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";

const loginOf = (url: string, username: string): string => {
  const login = new URL(url);
  login.username = username;
  login.password = "pw";
  return login.href;
};

test.each([15, 16, 17, 18] as const)(
  "PostgreSQL %i: an owner without superuser migrates, and the server's login sees the schema",
  async (major) => {
    const postgres = await startPostgres(major);
    try {
      const superuser = await postgres.createDatabase("sealdesk");
      await onDatabase(superuser, (client) =>
        client.query(`create role sd_owner login createrole password 'pw';
                      grant create on database sealdesk to sd_owner`),
      );
      const owner = loginOf(superuser, "sd_owner");
      expect(await migrate(owner)).toBeGreaterThan(0);
      await onDatabase(owner, (client) =>
        client.query(
          "create role sd_server login password 'pw' in role sealdesk_app, sealdesk_keystore",
        ),
      );

      const server = loginOf(superuser, "sd_server");
      const [pool, keystore] = [createPool(server), createKeystorePool(server)];
      try {
        await assertTenantFence(pool);
        expect(await schemaState(pool, DATA)).toBe("current");
        expect(await schemaState(keystore, KEYSTORE)).toBe("current");
        await assertGuards(pool);
        const id = idOf<TenantId>("01890000-0000-7000-8000-000000000001");
        await createTenant(owner, {
          id,
          slug: "acme",
          name: "Acme",
          customerKeys: { keys: [] },
          nowMs: 0,
        });
        // The role that continues the audit log is taken on, never inherited.
        await expect(pool.query("select from audit.pending")).rejects.toMatchObject({
          code: "42501",
        });
        await pool.query("set role sealdesk_integrator; select from audit.pending");
      } finally {
        await Promise.all([pool.end(), keystore.end()]);
      }
    } finally {
      await postgres.stop();
    }
  },
);

test("PostgreSQL 14 is refused at once, in one sentence", async () => {
  const postgres = await startPostgres(14);
  try {
    const url = await postgres.createDatabase("sealdesk");
    await expect(migrate(url)).rejects.toMatchObject({
      code: "postgres_too_old",
      message: expect.stringMatching(/^PostgreSQL 14\.\d+ is too old: 15 or later is needed\.$/),
    });
  } finally {
    await postgres.stop();
  }
});

const BLOCKED = `
  select exists (select from pg_stat_activity
    where application_name = 'sealdesk-migrate' and wait_event_type = 'Lock') as blocked`;

test("a role that another database's migrations make at the same moment is shared", async () => {
  const postgres = await startPostgres(18);
  try {
    const [here, there] = [
      await postgres.createDatabase("here"),
      await postgres.createDatabase("there"),
    ];
    await onDatabase(there, async (client) => {
      await client.query("begin; create role sealdesk_owner nologin");
      const migrating = migrate(here);
      const blocked = until(async () => {
        // On a connection of its own: a transaction keeps the activity that it saw first.
        const { rows } = await onDatabase(here, (looking) => looking.query(BLOCKED));
        return rows[0].blocked;
      });
      await Promise.race([blocked, migrating]);
      await client.query("commit");
      expect(await migrating).toBeGreaterThan(0);
    });
  } finally {
    await postgres.stop();
  }
});
