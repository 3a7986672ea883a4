import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { parseWitnesses } from "../../../audit/witness/parse-witness.ts";
import { Secret } from "../../../keys/secret.ts";
import { outsideActionTable } from "../../support/outside-action-table.ts";
import { operatorEntries } from "../../support/operator-entries.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const events = (action: string) => operatorEntries(server.database, action);
const lastOf = async (action: string) => (await events(action)).at(-1);
const settings = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, value]) => [name, new Secret(value)] as const);

test("a node that starts and stops is on record, with its version", async () => {
  const node = await server.startNode();
  const start = await lastOf("node.start");
  expect(start).toMatchObject({
    class: "E",
    actor: { kind: "system", id: "server" },
    details: {
      version: "0.0.0-test",
      mode: "test",
      settings: expect.stringMatching(/^[\w-]{43}$/),
      migrations: expect.stringMatching(/^[\w-]{43}$/),
    },
  });
  // An examiner asks the same release for its rules, and compares.
  const rules = await runSealdesk(server, ["policy", "table", "--json"]);
  const digest = createHash("sha256").update(rules.out).digest("hex");
  expect(start?.["details"]).toMatchObject({ rules: digest });
  await node.close();
  expect((await lastOf("node.stop"))?.["resource"]).toEqual(start?.["resource"]);
});

test("the first node records its settings, and no secret or address", async () => {
  const [first] = await events("settings.change");
  expect(first?.["details"]).toEqual({
    set: [
      { name: "DATABASE_OWNER_URL" },
      { name: "DATABASE_URL" },
      { name: "NODE_ENV", value: "test" },
      { name: "PORT", value: "0" },
      { name: "SEALDESK_HOME" },
    ],
    unset: [],
    digest: expect.stringMatching(/^[\w-]{43}$/),
  });
});

test("changed settings are on record once, and so are witnesses", async () => {
  const vkey = "witness.example+a3788385+BF2aWoBxEuTbfr81NjkckuR3DRm+Jt/ndz8MG1irIqi0";
  const witnesses = parseWitnesses(`${vkey}@http://witness.invalid`);
  const folder = join(server.home, "audit-checkpoints");
  const checkpoints = { kind: "directory", folder } as const;
  const publication = { quorum: 0, witnesses: [] };
  const audit = {
    originPrefix: "sealdesk.local",
    checkpoints,
    witnesses,
    restoreApprovers: [],
    sinks: { sinks: [], required: 0 },
    publication,
  };
  const given = {
    NODE_ENV: "test",
    PORT: "0",
    SESSION_LIMIT: "9,9",
    REDIS_URL: "redis://first.example",
  };
  const witnessed = { ...given, AUDIT_WITNESSES: "not shown as it is written" };
  const run = async (changes: Parameters<TestServer["startNode"]>[0]) =>
    (await server.startNode(changes)).close();
  const before = (await events("settings.change")).length;
  await run({ settings: settings(given) });
  await run({ settings: settings(given) });
  await run({ settings: settings(witnessed), audit });
  await run({ settings: settings({ ...given, REDIS_URL: "redis://other.example" }) });
  const changes = (await events("settings.change")).slice(before).map(({ details }) => ({
    ...(details as Readonly<Record<string, unknown>>),
    digest: "of all rows",
  }));
  expect(changes).toEqual([
    {
      set: [{ name: "SESSION_LIMIT", value: "9,9" }, { name: "REDIS_URL" }],
      unset: ["DATABASE_OWNER_URL", "DATABASE_URL", "SEALDESK_HOME"],
      digest: "of all rows",
    },
    {
      set: [{ name: "AUDIT_WITNESSES", value: "witness.example+a3788385" }],
      unset: [],
      digest: "of all rows",
    },
    { set: [{ name: "REDIS_URL" }], unset: ["AUDIT_WITNESSES"], digest: "of all rows" },
  ]);
  const witness = { type: "witness", id: "witness.example+a3788385" };
  expect(await lastOf("audit.add_witness")).toMatchObject({ resource: witness });
  expect(await lastOf("audit.remove_witness")).toMatchObject({ resource: witness });
});

test("migrations are on record, also if the process that ran them was killed", async () => {
  const [first, ofKeystore] = await events("schema.migrate");
  const { rows } = await server.database.owner.query<{ name: string }>(
    "select name from sealdesk_migrations.migrations order by name",
  );
  expect(first?.["details"]).toEqual({ migrations: rows.map(({ name }) => name) });
  expect(ofKeystore).toMatchObject({
    resource: { type: "schema", id: "keystore" },
    details: { migrations: expect.arrayContaining(["0001_keystore"]) },
  });
  const killed = rows.at(-1)?.name;
  await server.database.owner.query("delete from audit.recorded_migrations where name = $1", [
    killed,
  ]);
  const as = ["--as", "alice@example"];
  expect(await runSealdesk(server, [...as, "migrate"])).toMatchObject({ code: 0, err: "" });
  expect(await lastOf("schema.migrate")).toMatchObject({
    actor: { id: "operator", person: { name: "alice@example" } },
    details: { migrations: [killed] },
  });
});

test("who reads the operator's log is on record there", async () => {
  await until(async () => {
    const { rowCount } = await server.database.owner.query(
      "select from audit.checkpoints where log = '00000000-0000-0000-0000-000000000000'",
    );
    return rowCount !== 0;
  });
  const at = join(server.home, "read-operator");
  for (const [name, options, action] of [
    ["tail", ["--lines", "1"], "audit.tail"],
    ["prove", ["--index", "0", "--out", `${at}-proof`], "audit.prove"],
    ["archive", ["--out", `${at}-archive`], "audit.archive"],
    ["export", ["--format", "jsonl", "--out", `${at}-export`], "audit.export"],
  ] as const) {
    const run = await runSealdesk(server, ["audit", name, "--operator", ...options]);
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(await lastOf(action)).toMatchObject({
      class: "R",
      actor: { id: "operator" },
      resource: { type: "audit-log", id: "00000000-0000-0000-0000-000000000000" },
    });
  }
});

test("the events of the operator's log can be exported as those of a tenant's", async () => {
  const exported = async (...options: readonly string[]) => {
    const out = join(server.home, `events-${options.length}`);
    const args = ["audit", "export", "--operator", "--format", "csv", "--out", out, ...options];
    expect(await runSealdesk(server, args)).toMatchObject({ code: 0, err: "" });
    const text = await readFile(join(out, "entries.csv"), "utf8");
    return parse<Record<string, string>>(text, { columns: true }).map(({ action }) => action);
  };
  // Whoever has the application's login can append any bytes. They are never left out.
  await server.database.owner.query(
    "insert into audit.entries (tenant, entry) values ($1, 'desk.example\n1\nAAAA\n')",
    ["00000000-0000-0000-0000-000000000000"],
  );
  await until(async () => {
    const { rowCount } = await server.database.owner.query("select from audit.pending");
    return rowCount === 0;
  });
  const nodes = await exported("--action", "node.");
  expect(new Set(nodes)).toEqual(new Set(["", "node.start", "node.stop"]));
  const all = await exported();
  expect(all.filter((action) => action === "")).toHaveLength(1);
  expect(all).toContain("settings.change");
});

test("every entry of the operator's log is as the table of actions says", async () => {
  const entries = await operatorEntries(server.database);
  expect(entries.length).toBeGreaterThan(10);
  expect(entries.flatMap(outsideActionTable)).toEqual([]);
});
