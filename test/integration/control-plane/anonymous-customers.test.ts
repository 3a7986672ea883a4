import { suspendTenant } from "../../../identity/accounts/suspend-tenant.ts";
import { sweepAnonymous } from "../../../identity/accounts/sweep-anonymous.ts";
import { UNUSED_ANONYMOUS_MS } from "../../../policies/anonymous-customers.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import {
  anonymousDevice,
  anonymousTenant,
  setAnonymous,
  signInAnonymously,
} from "../../support/anonymous.ts";
import { changedMeanwhile } from "../../support/held-accounts.ts";
import { staffDevice, TestDevice } from "../../support/device.ts";
import { placeHold } from "../../support/holds.ts";
import { putPolicyInForce } from "../../support/policy-in-force.ts";
import { createConversation, requestConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test("no tenant has anonymous customers until its operator allows them", async () => {
  const tenant = await server.createTenant();
  const refused = await signInAnonymously(new TestDevice(server), tenant);
  const nowhere = await signInAnonymously(new TestDevice(server), { ...tenant, slug: "nowhere" });
  expect([refused.status, refused.body.code]).toEqual([401, "sign_in_failed"]);
  expect(nowhere.body).toEqual(refused.body);
  expect((await server.auditEntries(tenant)).at(-1)).toMatchObject({
    action: "session.create",
    outcome: "refused",
    reason: "anonymous_not_allowed",
    method: "anonymous",
  });
});

test("a device key is one anonymous customer, who begins conversations", async () => {
  const tenant = await anonymousTenant(server);
  const agent = await staffDevice(server, "agent", tenant);
  const device = await anonymousDevice(server, tenant);
  const { user } = device;
  await createConversation(device, [agent]);
  const entries = await server.auditEntries(tenant);
  expect(
    entries.find(({ action, subject }) => action === "user.create" && subject === user),
  ).toMatchObject({
    details: { role: "customer", anonymous: true },
  });
  expect((await signInAnonymously(device, tenant)).body.user).toMatchObject({
    id: user,
    role: "customer",
  });
  expect((await anonymousDevice(server, tenant)).user).not.toBe(user);
});

test("no anonymous account begins in a tenant that is suspended", async () => {
  const tenant = await anonymousTenant(server);
  const { slug } = tenant;
  await suspendTenant(server.database.ownerUrl, { slug, suspended: true, nowMs: 1 });
  const refused = await signInAnonymously(new TestDevice(server), tenant);
  expect(refused.body.code).toBe("tenant_suspended");
  const begun = (await server.auditEntries(tenant)).filter(
    ({ action, details }) =>
      action === "user.create" && JSON.stringify(details).includes("anonymous"),
  );
  expect(begun).toEqual([]);
});

test("an account that becomes known while its anonymous sign-in waits opens no anonymous session", async () => {
  const { tenant } = server;
  await setAnonymous(server, tenant, true);
  const device = await anonymousDevice(server, tenant);
  const reply = await changedMeanwhile(
    server,
    [device.user],
    () => signInAnonymously(device, tenant),
    (client) =>
      client.query("update sealdesk.users set subject_index = sha256('x') where id = $1", [
        device.user,
      ]),
  );
  expect(reply.body.code).toBe("customer_known");
});

test("neither the key of a device nor a customer token signs in to an account of staff", async () => {
  const { tenant } = server;
  await setAnonymous(server, tenant, true);
  const device = await anonymousDevice(server, tenant);
  const known = new TestDevice(server);
  const { user } = (await known.signInAsCustomer("becomes-staff", tenant)).body;
  const { owner } = server.database;
  const promote = () =>
    owner.query("update sealdesk.users set role = 'admin' where id = any($1::uuid[])", [
      [device.user, user.id],
    ]);
  await expect(promote()).rejects.toThrow("users_only_customers_have_customer_keys");
  // Without the database's rule, the server keeps them apart.
  await owner.query(
    "alter table sealdesk.users drop constraint users_only_customers_have_customer_keys",
  );
  await promote();
  expect((await signInAnonymously(device, tenant)).body.code).toBe("customer_known");
  expect((await known.signInAsCustomer("becomes-staff", tenant)).status).not.toBe(201);
});

test("a policy can ask that a customer is not anonymous", async () => {
  const tenant = await anonymousTenant(server);
  const agent = await staffDevice(server, "agent", tenant);
  const device = await anonymousDevice(server, tenant);
  await putPolicyInForce(server, tenant, {
    off: ["conversation.begin"],
    add: [
      {
        id: "local.begin",
        narrows: "conversation.begin",
        actions: ["create"],
        roles: ["customer"],
        conditions: { anonymous: false },
        means: "The customer has a customer token.",
      },
    ],
  });
  expect((await requestConversation(device, [agent])).body.code).toBe("step_up_required");
  await device.signInAsCustomer("customer-17", tenant);
  expect((await requestConversation(device, [agent])).status).toBe(201);
});

test("when anonymous customers are no longer allowed, their sessions end", async () => {
  const tenant = await anonymousTenant(server);
  const device = await anonymousDevice(server, tenant);
  // Without the command, the setting alone must be enough.
  await server.database.owner.query(
    "update sealdesk.tenants set anonymous_customers = false where id = $1",
    [tenant.id],
  );
  expect((await device.request("GET", "/v1/staff")).body.code).toBe("session_revoked");
  expect((await signInAnonymously(device, tenant)).body.code).toBe("sign_in_failed");
  expect(await setAnonymous(server, tenant, false)).toBe(1);
  expect((await server.auditEntries(tenant)).at(-1)).toMatchObject({
    action: "tenant.forbid_anonymous_customers",
    details: { sessions: 1 },
  });
});

test("a network and a tenant create so many anonymous accounts, and known ones do not count", async () => {
  const tenant = await anonymousTenant(server);
  const device = await anonymousDevice(server, tenant);
  const few = { burst: 1, secondsPerFurther: 1_000 };
  for (const limit of ["anonymousNetworkLimit", "anonymousTenantLimit"] as const) {
    const node = await server.startNode({ [limit]: few });
    // Proofs name the server's public URL, which all nodes have.
    const at = async (each: TestDevice) =>
      fetch(`${node.url}/v1/sessions`, {
        method: "POST",
        headers: {
          dpop: each.proof("POST", "/v1/sessions"),
          "content-type": "application/json",
        },
        body: JSON.stringify({ grant: "anonymous", tenant: tenant.slug }),
      });
    expect((await at(new TestDevice(server))).status).toBe(201);
    const refused = await at(new TestDevice(server));
    const answer: unknown = await refused.json();
    expect([refused.status, answer]).toEqual([
      429,
      expect.objectContaining({ code: "rate_limited" }),
    ]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(900);
    expect((await at(device)).status).toBe(201);
    await node.close();
  }
});

test("an account that never began a conversation is removed after a day", async () => {
  const tenant = await anonymousTenant(server);
  const agent = await staffDevice(server, "agent", tenant);
  const [writer, silent, bare] = [
    await anonymousDevice(server, tenant),
    await anonymousDevice(server, tenant),
    new TestDevice(server),
  ];
  await createConversation(writer, [agent]);
  await signInAnonymously(bare, tenant);
  // What a hold or a case names stays.
  const officer = await staffDevice(server, "compliance_officer", tenant);
  const [held, inCase] = [new TestDevice(server), new TestDevice(server)];
  const { user: heldUser } = (await signInAnonymously(held, tenant)).body;
  const { user: caseUser } = (await signInAnonymously(inCase, tenant)).body;
  expect((await placeHold(server, officer, officer, { subject: heldUser.id })).status).toBe(201);
  await server.database.owner.query(
    `insert into sealdesk.cases (tenant, id, kind, subject, state, opened_at_ms)
     values ($1, $2, 'erasure', $3, 'open', 1)`,
    [tenant.id, newId(), caseUser.id],
  );
  const sweepAfter = (afterMs: number) =>
    sweepAnonymous({ pool: server.database.pool, now: () => server.clock.now() + afterMs });
  expect(await sweepAfter(UNUSED_ANONYMOUS_MS - 60_000)).toBe(0);
  await sweepAfter(UNUSED_ANONYMOUS_MS + 60_000);
  expect(
    (await server.auditEntries(tenant)).filter(({ action }) => action === "user.expire_anonymous"),
  ).toMatchObject([{ details: { accounts: 2 }, actor: { kind: "system", id: "sweep-anonymous" } }]);
  expect((await silent.request("GET", "/v1/staff")).status).toBe(401);
  expect((await signInAnonymously(silent, tenant)).body.code).toBe("device_revoked");
  expect((await signInAnonymously(writer, tenant)).body.user.id).toBe(writer.user);
  const { user } = bare;
  expect((await signInAnonymously(bare, tenant)).body.user.id).not.toBe(user);
  expect((await signInAnonymously(held, tenant)).body.user.id).toBe(heldUser.id);
  expect((await signInAnonymously(inCase, tenant)).body.user.id).toBe(caseUser.id);
  await sweepAfter(UNUSED_ANONYMOUS_MS + 120_000);
});
