import { operatorEntries } from "../../support/operator-entries.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const alice = ["--as", "alice@example", "--ticket", "CHG-4711"];

async function refused(args: readonly string[], input = ""): Promise<void> {
  expect((await runSealdesk(server, [...alice, ...args], input)).code).toBe(1);
}

const commandsOf = (entries: readonly Record<string, unknown>[]) =>
  entries.filter(({ action }) => action === "command.run");

test("a refused command is on record in the log of the tenant that it names", async () => {
  const { slug, id } = server.tenant;
  await refused(
    ["user", "create", "--tenant", slug, "--username", "mira", "--role", "admin"],
    "short\n",
  );
  await refused([
    "user",
    "reset",
    "--tenant",
    slug,
    "--username",
    "nobody.of.that.name",
    "--reason",
    "devices_lost",
  ]);
  await refused(["tenant", "create", "--slug", slug, "--name", "Again"]);
  const entries = commandsOf(await server.auditEntries());
  const common = {
    tenant: id,
    class: "E",
    outcome: "refused",
    actor: { id: "operator", person: { name: "alice@example", ticket: "CHG-4711" } },
  };
  expect(entries).toMatchObject(
    [
      ["user create", "weak_password"],
      ["user reset", "user_not_found"],
      ["tenant create", "tenant_exists"],
    ].map(([name, reason]) => ({ ...common, resource: { type: "command", id: name }, reason })),
  );
  expect(JSON.stringify(entries)).not.toContain("nobody.of.that.name");
});

test("a refused command without a tenant is in the operator's log", async () => {
  await refused(["tenant", "suspend", "--slug", "no-such-tenant"]);
  expect(commandsOf(await operatorEntries(server.database))).toMatchObject([
    { resource: { type: "command", id: "tenant suspend" }, reason: "tenant_not_found" },
  ]);
});

test("a script that is refused again and again fills no log", async () => {
  const before = commandsOf(await server.auditEntries()).length;
  for (let at = 0; at < 12; at++)
    await refused(["tenant", "keys", "remove", "--slug", server.tenant.slug, "--kid", "none"]);
  expect(commandsOf(await server.auditEntries())).toHaveLength(before + 10);
}, 120_000);
