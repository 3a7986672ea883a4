import { inTransaction } from "../../../db/transaction.ts";
import { appendEntry } from "../../../audit/append-entry.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const nothingChanged = { changes: { off: [], add: [] }, reason: "a test" };
interface Listed {
  readonly id: string;
  readonly action: string;
}

const read = (device: TestDevice, query = "") => device.request("GET", `/v1/alerts${query}`);

test("an act that gives somebody more rights alerts the officers, and one of them acknowledges it", async () => {
  const tenant = await server.createTenant();
  const [admin, officer, second, auditor] = [
    await staffDevice(server, "admin", tenant),
    await staffDevice(server, "compliance_officer", tenant),
    await staffDevice(server, "compliance_officer", tenant),
    await staffDevice(server, "auditor", tenant),
  ];
  // A new member of staff is an alert, and a new customer is none.
  await customerDevice(server, undefined, tenant);
  const { body: draft } = await admin.request("POST", "/v1/policy/versions", {
    body: nothingChanged,
  });
  const { alerts: before } = (await read(officer)).body;
  expect(before.map(({ action }: Listed) => action)).toEqual(Array(4).fill("user.create"));
  const approval = `/v1/policy/versions/${draft.version}/approval`;
  await officer.request("POST", approval, { body: { hash: draft.hash } });

  const { alerts } = (await read(auditor)).body;
  expect(alerts.slice(0, 2)).toMatchObject([
    {
      action: "policy.approve",
      actor: officer.user,
      resourceKind: "policy",
      resource: tenant.id,
      acknowledgedBy: null,
    },
    { action: "policy.effective", actor: "policy", acknowledgedBy: null },
  ]);
  const [{ id }] = alerts;
  expect((await server.auditEntries(tenant)).map(({ eventId }) => eventId)).toContain(id);

  const acknowledge = (device: TestDevice) =>
    device.request("POST", `/v1/alerts/${id}/acknowledgement`);
  for (const device of [admin, auditor])
    expect(await acknowledge(device)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  // It is the officer's own act.
  expect(await acknowledge(officer)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  expect((await acknowledge(second)).status).toBe(204);
  expect(await acknowledge(second)).toMatchObject({
    status: 404,
    body: { code: "alert_not_found" },
  });
  expect((await read(officer)).body.alerts).toHaveLength(5);
  expect((await read(officer, "?all=true")).body.alerts[0]).toMatchObject({
    acknowledgedBy: second.user,
  });
  expect((await read(officer, `?all=true&before=${id}`)).body.alerts).toHaveLength(5);
  expect(await read(admin)).toMatchObject({ status: 403, body: { code: "forbidden" } });
});

test("an alert is stored with its act or not at all, and no other tenant sees it", async () => {
  const [tenant, other] = [await server.createTenant(), await server.createTenant()];
  const officer = await staffDevice(server, "compliance_officer", other);
  const entry = {
    occurredAtMs: server.clock.now(),
    tenant: tenant.id,
    actor: { kind: "system", id: "operator" },
    action: "tenant.allow_staff_grants",
    resource: { type: "tenant", id: tenant.id },
    outcome: "success",
  } as const;
  const { pool } = server.database;
  const failing = inTransaction(pool, tenant.id, async (client) => {
    await appendEntry(client, entry);
    throw new Error("the act failed");
  });
  await expect(failing).rejects.toThrow("the act failed");
  const stored = () =>
    inTransaction(pool, tenant.id, (client) =>
      client.query<{ action: string }>("select action from alerts"),
    );
  expect((await stored()).rows).toEqual([]);
  await inTransaction(pool, tenant.id, (client) => appendEntry(client, entry));
  expect((await stored()).rows).toEqual([{ action: entry.action }]);
  expect((await read(officer)).body.alerts).toMatchObject([{ subject: officer.user }]);
  const rewritten = inTransaction(pool, tenant.id, (client) =>
    client.query("update alerts set action = 'staff.list'"),
  );
  await expect(rewritten).rejects.toMatchObject({ code: "42501" });
});

test("the operator lists and acknowledges alerts", async () => {
  const tenant = ["--tenant", server.tenant.slug];
  const run = async (...words: string[]) => {
    const { out, err } = await runSealdesk(server, [...words, ...tenant]);
    return out + err;
  };
  expect(await run("alerts", "list")).toContain("There is no alert.");
  await runSealdesk(server, [
    "tenant",
    "staff-grants",
    "--slug",
    server.tenant.slug,
    "--set",
    "on",
    "--as",
    "ann",
  ]);
  const listed = await run("alerts", "list");
  expect(listed).toContain("tenant.allow_staff_grants");
  expect(listed).toContain("by operator:ann");
  const [id = ""] = listed.split("  ");
  expect(await run("alerts", "acknowledge", id, "--as", "ben")).toContain("is acknowledged");
  expect(await run("alerts", "list")).toContain("There is no alert.");
  expect(await run("alerts", "list", "--all")).toContain("acknowledged by operator:ben");
});
