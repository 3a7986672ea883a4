import { NO_TENANT, OPERATOR_LOG } from "../../../audit/logs.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../../crypto/wire/canonical-json.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { settingsAndMigrations } from "../../../identity/reconcile/deployment-state.ts";
import { Secret } from "../../../keys/secret.ts";
import { attackTest, saidBy } from "../../support/attack-test.ts";
import { operatorEntries } from "../../support/operator-entries.ts";
import { operatorWith } from "../../support/operator-keys.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({}, { stateEveryMs: 20 });
});
afterAll(() => server.close());

/** Runs a statement as somebody who has the application's login. */
async function asApplication(statement: string): Promise<void> {
  const client = await server.database.owner.connect();
  try {
    await client.query("begin; set local role sealdesk_app");
    await client.query("set local sealdesk.tenant = '00000000-0000-0000-0000-000000000000'");
    await client.query(statement);
    await client.query("commit");
  } finally {
    await client.query("rollback");
    client.release();
  }
}
const isWhole = async () =>
  (await (await fetch(`${server.url}/readyz`)).text()) === '{"status":"ok"}';

/** What somebody changes, and how it is put right by the owner of the database. */
const WAYS = {
  "a setting is given the tag of another value": [
    "update audit.recorded_settings set tag = sha256('other') where name = 'PORT'",
    "update audit.recorded_settings set tag = $1 where name = 'PORT'",
  ],
  "a setting is removed": [
    "delete from audit.recorded_settings where name = 'PORT'",
    "insert into audit.recorded_settings (name, tag, shown) values ('PORT', $1, '0')",
  ],
  "a migration that will run is named": [
    "insert into audit.recorded_migrations (name) values ('9999_own-functions')",
    "delete from audit.recorded_migrations where name = '9999_own-functions' and $1::bytea is not null",
  ],
} as const;

attackTest.each(
  {
    attempt:
      "What the operator's log knows of settings or migrations is changed, so that a change leaves no entry",
    foundBy: "each node; `sealdesk audit reconcile`",
    when: "state",
    code: "audit_state_differs",
    says: "Find out who changed the row: see docs/audit.md, “When the database differs from the log”.",
  },
  WAYS,
  async ([meddle, putRight]) => {
    await until(isWhole);
    const { rows } = await server.database.owner.query<{ tag: Buffer }>(
      "select tag from audit.recorded_settings where name = 'PORT'",
    );
    const said = await saidBy(server, "audit_state_differs", () => asApplication(meddle));
    const command = await runSealdesk(server, ["audit", "reconcile"]);
    await server.database.owner.query(putRight, [rows[0]?.tag]);
    await until(isWhole);
    expect(command).toMatchObject({ code: 1, out: expect.stringContaining("audit.recorded_") });
    return said;
  },
);

attackTest(
  {
    attempt: "A key of the operator is added or changed by SQL",
    foundBy: "each node; `sealdesk audit reconcile`",
    when: "state",
    code: "audit_state_differs",
    says: "Find out who changed the row: see docs/audit.md, “When the database differs from the log”.",
  },
  async () => {
    await until(isWhole);
    const said = await saidBy(server, "audit_state_differs", () =>
      server.database.owner.query(
        `insert into sealdesk.operator_keys (id, name, scopes, secret_hash, created_at_ms, expires_at_ms)
         values ('0123456789abcdef', 'own', '{suspend_tenant}', sha256('own'), 0, 1)`,
      ),
    );
    const command = await runSealdesk(server, ["audit", "reconcile"]);
    await server.database.owner.query("delete from sealdesk.operator_keys");
    await until(isWhole);
    const told = expect.stringMatching(/operator_keys says 0123456789abcdef \(suspend_tenant,/);
    expect(command).toMatchObject({ code: 1, out: told });
    return said;
  },
);

attackTest(
  {
    attempt: "A key of the operator is added by SQL, used, and removed before nodes compare",
    foundBy: "each node; `sealdesk audit reconcile`",
    when: "state",
    code: "audit_state_differs",
    says: "Find out who changed the row: see docs/audit.md, “When the database differs from the log”.",
  },
  async () => {
    await until(isWhole);
    const { owner } = server.database;
    const id = "fedcba9876543210";
    const secret = "s".repeat(43);
    const plant = () =>
      owner.query(
        `insert into sealdesk.operator_keys (id, name, scopes, secret_hash, created_at_ms, expires_at_ms)
         values ($1, 'own', '{read_tenant}', sha256($2), 0, 9007199254740991)`,
        [id, Buffer.from(secret)],
      );
    const said = await saidBy(server, "audit_state_differs", async () => {
      await plant();
      const { status } = await operatorWith(server, `sdo_${id}_${secret}`)("GET", "/unknown");
      expect(status).toBe(404);
      await owner.query("delete from sealdesk.operator_keys");
    });
    await until(async () => !(await isWhole()));
    const command = await runSealdesk(server, ["audit", "reconcile"]);
    const told = expect.stringMatching(
      /operator_keys fedcba9876543210 is gone, but entry \d+ says that it acted, and none that it was added\./,
    );
    expect(command).toMatchObject({ code: 1, out: told });
    // The operator puts the row back, so that the command can end the key.
    await plant();
    expect(await runSealdesk(server, ["operator-key", "remove", "--id", id])).toMatchObject({
      code: 0,
    });
    await until(isWhole);
    return said;
  },
);

test("a node that records its settings anew ends the finding", async () => {
  await until(isWhole);
  await asApplication("delete from audit.recorded_settings");
  await until(async () => !(await isWhole()));
  await (await server.startNode()).close();
  await until(isWhole);
});

test("a setting that was changed while no node ran is found, though the next node records others", async () => {
  await until(isWhole);
  await asApplication(
    "update audit.recorded_settings set tag = sha256('other') where name = 'PORT'",
  );
  const settings = [["SESSION_LIMIT", new Secret("9,9")]] as const;
  await (await server.startNode({ settings })).close();
  // The digest of the new entry is that of the rows, so only the start shows it.
  expect(await runSealdesk(server, ["audit", "reconcile"])).toMatchObject({
    code: 1,
    out: expect.stringMatching(
      /^The row audit\.recorded_settings \(their digest\) when the node of entry \d+ started says \S+, but entry \d+ says \S+\.$/m,
    ),
  });
  await asApplication("delete from audit.recorded_settings");
  await (await server.startNode()).close();
  await until(isWhole);
});

test("what the last node found when it started is compared after the earlier entries were pruned", async () => {
  await until(isWhole);
  await (await server.startNode()).close();
  const start = (await operatorEntries(server.database, "node.start")).at(-1);
  const state = settingsAndMigrations.begin();
  state.prunedBeforeMs = 0;
  state.add(utf8(canonicalJson(start as CanonicalValue)), 7);
  const compare = () =>
    inTransaction(server.database.pool, OPERATOR_LOG, async (client) =>
      (await settingsAndMigrations.compare(client, NO_TENANT, state)).map(({ place }) => place),
    );
  expect(await compare()).toEqual([]);
  for (const [meddle, putRight, place] of [
    [
      "update audit.recorded_settings set shown = '1' where name = 'PORT'",
      "update audit.recorded_settings set shown = '0' where name = 'PORT'",
      "audit.recorded_settings (their digest)",
    ],
    [
      WAYS["a migration that will run is named"][0],
      "delete from audit.recorded_migrations where name = '9999_own-functions'",
      "audit.recorded_migrations (their digest)",
    ],
  ] as const) {
    await server.database.owner.query(meddle);
    expect(await compare()).toEqual([place]);
    await server.database.owner.query(putRight);
  }
  await until(isWhole);
});
