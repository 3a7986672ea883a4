import { inTransaction } from "../../../db/transaction.ts";
import { watchReading } from "../../../identity/audit-log/watch-reading.ts";
import { approveVersion } from "../../../identity/policy/approve-version.ts";
import { draftVersion } from "../../../identity/policy/draft-version.ts";
import { Policies } from "../../../identity/policy/policies.ts";
import { recordEffective } from "../../../identity/policy/record-effective.ts";
import { withdrawVersion } from "../../../identity/policy/withdraw-version.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import {
  approve,
  draft,
  inForce,
  off,
  operator,
  policyDeps,
  proposed,
  tenantWithOfficers,
} from "../../support/policy-versions.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const arrange = () => tenantWithOfficers(server);
const deps = (nowMs?: number) => policyDeps(server, nowMs);

test("a version without an answered approval is not in force, whatever its row says", async () => {
  const { tenant } = await arrange();
  const { version } = await draftVersion(deps(), operator(tenant, "ann"), proposed);
  const asApplication = <T extends object>(sql: string, values: unknown[] = []) =>
    inTransaction(server.database.pool, tenant.id, (client) => client.query<T>(sql, values));
  await expect(
    asApplication("update policy_versions set effective_from_ms = 1"),
  ).rejects.toMatchObject({ code: "42501" });
  const { rows } = await asApplication<{ fromMs: unknown }>(
    'select sealdesk.take_effect($1) as "fromMs"',
    [version],
  );
  expect(rows).toEqual([{ fromMs: null }]);
  await server.database.owner.query(
    "update sealdesk.policy_versions set effective_from_ms = 1 where tenant = $1",
    [tenant.id],
  );
  const found = await inTransaction(server.database.pool, tenant.id, async (client) => [
    (await new Policies().inForce(client, tenant.id)).version,
    await recordEffective(client, tenant.id, server.clock.now()),
  ]);
  expect(found).toEqual([0, 0]);
});

test("no version is approved while another one, which would reverse it, has yet to take effect", async () => {
  const { tenant } = await arrange();
  const made = (beginsAtMs: number | null) =>
    draftVersion(deps(), operator(tenant, "ann"), { ...proposed, beginsAtMs });
  const scheduled = await made(server.clock.now() + 3_600_000);
  const atOnce = await made(null);
  await approveVersion(deps(), operator(tenant, "ben"), scheduled);
  const approving = () => approveVersion(deps(), operator(tenant, "ben"), atOnce);
  await expect(approving()).rejects.toMatchObject({ code: "other_version_to_come" });
  await withdrawVersion(deps(), operator(tenant, "ann"), scheduled.version);
  await approving();
  await expect(made(server.clock.now() + 366 * 86_400_000)).rejects.toMatchObject({
    code: "invalid_policy",
  });
});

test("a stolen password changes no policy: each step needs a registered device", async () => {
  const { tenant, admin } = await arrange();
  const drafted = (await draft(admin, off("conversation.close"))).body;
  const thiefOf = async (role: "admin" | "compliance_officer") => {
    const device = new TestDevice(server);
    await device.signInAsStaff(await server.createStaff(role, tenant));
    return device;
  };
  const [thief, second] = [await thiefOf("admin"), await thiefOf("compliance_officer")];
  const refusals = [
    await draft(thief, off("conversation.close")),
    await approve(thief, drafted),
    await approve(second, drafted),
    await second.request("DELETE", `/v1/policy/versions/${drafted.version}`),
  ];
  for (const { status, body } of refusals)
    expect([status, body.code]).toEqual([403, "device_required"]);
  expect((await thief.request("GET", "/v1/policy/versions")).status).toBe(200);
});

test("an admin cannot ask what tells who talks to whom", async () => {
  const { tenant, admin, officer } = await arrange();
  const [customer, agent] = [
    await customerDevice(server, undefined, tenant),
    await staffDevice(server, "agent", tenant),
  ];
  const id = await createConversation(customer, [agent]);
  const ask = async (by: TestDevice, action: string, resource: string) => {
    const query = `user=${customer.user}&action=${action}&resource=${resource}`;
    return (await by.request("GET", `/v1/policy/explanation?${query}`)).body.code ?? "answered";
  };
  for (const [action, resource] of [
    ["read", `conversation:${id}`],
    ["read_devices", `directory:${agent.user}`],
  ] as const) {
    expect(await ask(admin, action, resource)).toBe("forbidden");
    expect(await ask(officer, action, resource)).toBe("answered");
  }
  expect(await ask(admin, "read", "audit_log")).toBe("answered");
});

test("whoever follows the audit log stops when nobody can read the policy any more", async () => {
  const { tenant, admin, officer } = await arrange();
  const version = await inForce(admin, officer, off("conversation.close"));
  await server.database.owner.query(
    "update sealdesk.policy_versions set changes = '{}' where tenant = $1 and version = $2",
    [tenant.id, version],
  );
  const { rows } = await server.database.owner.query<{ id: never }>(
    "select id from sealdesk.sessions where user_id = $1",
    [officer.user],
  );
  const watch = watchReading(deps(), {
    tenant: tenant.id,
    user: officer.user,
    role: "compliance_officer",
    policy: defaultPolicy,
    signIn: unknownSignIn,
    device: officer.id,
    session: rows[0]!.id,
    method: "password",
  });
  await until(() => watch.ended.aborted);
  await watch.close();
});
