import fc from "fast-check";
import { setRole } from "../../../identity/accounts/set-role.ts";
import { apiKeyOf, backendWith } from "../../support/administration.ts";
import { staffDevice, TestDevice } from "../../support/device.ts";
import { approve as approveAct } from "../../support/break-glass.ts";
import { approve, draft, off, putInForce } from "../../support/policy-versions.ts";
import { allDemands, askFor, demandSecondPerson } from "../../support/second-person.ts";
import { enrolTotp } from "../../support/second-factor.ts";
import {
  startTestServer,
  type TestServer,
  type TestStaff,
  type TestTenant,
} from "../../support/server.ts";

let server: TestServer;
let shared: Arranged;
beforeAll(async () => {
  server = await startTestServer();
  shared = await arrange();
});
afterAll(() => server.close());

const refusal = (code: string) => ({ body: expect.objectContaining({ code }) });

/** A tenant whose policy demands a second person, with three admins. */
async function arrange() {
  const tenant = await server.createTenant();
  const device = (role?: Parameters<typeof staffDevice>[1]) => staffDevice(server, role, tenant);
  const admins = [await device("admin"), await device("admin"), await device("admin")] as const;
  const officer = await device("compliance_officer");
  await demandSecondPerson(server, tenant);
  return { tenant, admins, officer };
}

type Arranged = Awaited<ReturnType<typeof arrange>>;

/** An agent of the tenant, whom the acts are about. */
async function newAgent({ tenant }: Pick<Arranged, "tenant">) {
  const staff = await server.createStaff("agent", tenant);
  const agent = new TestDevice(server);
  await agent.signInAsStaff(staff);
  await agent.register();
  return { agent, staff };
}

const acts: readonly {
  readonly action: string;
  readonly parameters: (agent: TestDevice) => object;
  readonly alone: (admin: TestDevice, agent: TestDevice) => ReturnType<TestDevice["request"]>;
  readonly entry: string;
  readonly before?: (agent: TestDevice, staff: TestStaff) => Promise<unknown>;
}[] = [
  {
    action: "directory.reset_account",
    parameters: ({ user }) => ({ user, reason: "devices_lost" }),
    alone: (admin, { user }) =>
      admin.request("POST", `/v1/users/${user}/reset`, { body: { reason: "devices_lost" } }),
    entry: "account.reset",
  },
  {
    action: "directory.revoke_device",
    parameters: ({ id }) => ({ device: id }),
    alone: (admin, { id }) => admin.request("DELETE", `/v1/devices/${id}`),
    entry: "device.revoke",
  },
  {
    action: "credentials.reset_password",
    parameters: ({ user }) => ({ user }),
    alone: (admin, { user }) => admin.request("POST", `/v1/users/${user}/password-reset`),
    entry: "user.create_password_reset",
  },
  {
    action: "credentials.reset_factor",
    parameters: ({ user }) => ({ user }),
    alone: (admin, { user }) => admin.request("DELETE", `/v1/users/${user}/totp`),
    entry: "user.reset_factor",
    before: (agent, staff) => enrolTotp(server, agent, staff),
  },
];

test.each(acts)(
  "$action is done once, by another person who may do it, as it was asked for",
  async ({ action, parameters, alone, entry, before }) => {
    const { tenant, admins, officer } = shared;
    const [asker, second, third] = admins;
    const { agent, staff } = await newAgent(shared);
    await before?.(agent, staff);
    const done = async () =>
      (await server.auditEntries(tenant)).filter(
        (each) =>
          each["action"] === entry &&
          each["outcome"] === "success" &&
          each["subject"] === agent.user,
      );
    expect(await alone(asker, agent)).toMatchObject(refusal("approval_required"));
    const { status, body } = await askFor(asker, action, parameters(agent));
    expect(status).toBe(201);
    // An agent may not ask, nor approve. An officer sees the request, and may not approve it.
    expect(await askFor(agent, action, parameters(agent))).toMatchObject(refusal("forbidden"));
    expect(await approveAct(agent, body)).toMatchObject(refusal("forbidden"));
    // Whoever may not remove a device is not told that it exists.
    const unseen = action === "directory.revoke_device" ? "device_not_found" : "forbidden";
    expect(await approveAct(officer, body)).toMatchObject(refusal(unseen));
    const listed = (by: TestDevice) => by.request("GET", "/v1/approvals");
    expect((await listed(agent)).body.approvals).toEqual([]);
    for (const by of [asker, second, officer])
      expect((await listed(by)).body.approvals).toContainEqual(
        expect.objectContaining({ id: body.id, action }),
      );
    expect(await approveAct(asker, body)).toMatchObject(refusal("own_approval"));
    const other = { id: body.id, hash: Buffer.alloc(32).toString("base64url") };
    expect(await approveAct(second, other)).toMatchObject(refusal("approval_changed"));
    expect(await done()).toEqual([]);
    // Two people approve at the same moment.
    const answers = await Promise.all([second, third].map((by) => approveAct(by, body)));
    expect(answers.filter((each) => each.status === 200)).toHaveLength(1);
    expect(await done()).toMatchObject([
      { details: { approval: body.id, requester: asker.user }, subject: agent.user },
    ]);
    const link = answers.find((each) => each.status === 200)?.body.passwordReset?.link;
    expect(typeof link).toBe(action === "credentials.reset_password" ? "string" : "undefined");
  },
);

test("a request ends when it is refused or withdrawn, and nobody else takes it back", async () => {
  const { admins, officer } = shared;
  const [asker, second] = admins;
  const { agent } = await newAgent(shared);
  const ask = async () =>
    (await askFor(asker, "directory.revoke_device", { device: agent.id })).body;
  const refused = await ask();
  const path = (id: string) => `/v1/approvals/${id}`;
  expect(await officer.request("POST", `${path(refused.id)}/refusal`)).toMatchObject(
    refusal("forbidden"),
  );
  expect(await second.request("DELETE", path(refused.id))).toMatchObject(refusal("forbidden"));
  expect((await second.request("POST", `${path(refused.id)}/refusal`)).status).toBe(204);
  const withdrawn = await ask();
  expect((await asker.request("DELETE", path(withdrawn.id))).status).toBe(204);
  for (const ended of [refused, withdrawn])
    expect(await approveAct(second, ended)).toMatchObject(refusal("approval_used"));
  expect((await agent.request("GET", "/v1/staff")).status).toBe(200);
});

test("a program with an API key does not do what needs a second person", async () => {
  const tenant = await server.createTenant();
  await demandSecondPerson(server, tenant);
  const { agent } = await newAgent({ tenant });
  const send = backendWith(server, await apiKeyOf(server, { tenant }), tenant);
  for (const [method, act, body] of [
    ["POST", "reset", { reason: "devices_lost" }],
    ["POST", "enable"],
    ["POST", "password-reset"],
    ["DELETE", "second-factor"],
    ["DELETE", `passkeys/${agent.user}`],
    ["PUT", "identity", { provider: "staff", subject: "somebody" }],
  ] as const)
    expect([act, await send(method, `staff/${agent.user}/${act}`, body)]).toMatchObject([
      act,
      refusal("approval_required"),
    ]);
  await putInForce(server, tenant, {});
  const again = await send("POST", `staff/${agent.user}/reset`, { reason: "devices_lost" });
  expect(again.status).toBe(200);
});

test("a version drops a demand only with another person, and never one of the default rules", async () => {
  const { admins, officer } = await arrange();
  const [admin] = admins;
  const explain = async () => {
    const query = `user=${admin.user}&action=propose&resource=policy`;
    return (await officer.request("GET", `/v1/policy/explanation?${query}`)).body;
  };
  expect(await explain()).toMatchObject({ allowed: true, approvers: 1 });
  const drops = (await draft(admin, { changes: { off: [], add: [] }, reason: "a test" })).body;
  const preview = (await officer.request("GET", `/v1/policy/versions/${drops.version}/preview`))
    .body;
  expect(preview.rights).toContainEqual(
    expect.objectContaining({ role: "admin", action: "reset_password", effect: "widened" }),
  );
  expect(await approve(admin, drops)).toMatchObject(refusal("own_approval"));
  expect((await approve(officer, drops)).status).toBe(200);
  expect(await explain()).toMatchObject({ approvers: 1 });
  for (const [resource, action] of [
    ["policy", "propose"],
    ["conversation", "close"],
    ["directory", "read_devices"],
  ]) {
    const { changes, reason } = off();
    const secondPerson = [{ resource, action }];
    const { body } = await draft(admin, { changes: { ...changes, secondPerson }, reason });
    expect(body).toMatchObject({ code: "invalid_policy" });
  }
  const twice = { off: [], add: [], secondPerson: [...allDemands, ...allDemands] };
  expect((await draft(admin, { changes: twice, reason: "a test" })).body).toMatchObject({
    code: "invalid_policy",
  });
  const unneeded = await askFor(admin, "directory.revoke_device", { device: officer.id });
  expect(unneeded).toMatchObject(refusal("approval_not_needed"));
});

/** What somebody does in the property below. */
type Step =
  | { readonly kind: "ask"; readonly by: number }
  | { readonly kind: "alone"; readonly by: number }
  | { readonly kind: "role"; readonly by: number }
  | {
      readonly kind: "approve" | "refuse" | "withdraw";
      readonly by: number;
      readonly request: number;
    };

const person = fc.nat(2);
const asking = fc.record({ kind: fc.constant("ask" as const), by: person });
const others = fc.record({ kind: fc.constantFrom("alone" as const, "role" as const), by: person });
const answering = fc.record({
  kind: fc.constantFrom(...(["approve", "approve", "approve", "refuse", "withdraw"] as const)),
  by: person,
  request: fc.nat(100),
});
const steps = fc.array(
  fc.oneof(
    { arbitrary: asking, weight: 3 },
    { arbitrary: others, weight: 4 },
    { arbitrary: answering, weight: 5 },
  ),
  { minLength: 12, maxLength: 24 },
);

/** Does the steps, and compares each answer with what the model says. */
async function follow(
  { tenant, admins }: Arranged,
  agent: TestDevice,
  all: readonly Step[],
): Promise<void> {
  const isAdmin = [true, true, true];
  const requests: { id: string; hash: string; asker: number; isOpen: boolean }[] = [];
  const parameters = { user: agent.user };
  for (const step of all) {
    const { kind, by: at, ...rest } = step;
    const device = admins[at]!;
    const request = "request" in rest ? requests[rest.request % requests.length] : undefined;
    if (kind === "ask") {
      const { status, body } = await askFor(device, "credentials.reset_password", parameters);
      expect([kind, status]).toEqual([kind, isAdmin[at] === true ? 201 : 403]);
      if (status === 201) requests.push({ ...body, asker: at, isOpen: true });
    } else if (kind === "alone") {
      const { body } = await device.request("POST", `/v1/users/${agent.user}/password-reset`);
      expect(body.code).toBe(isAdmin[at] === true ? "approval_required" : "forbidden");
    } else if (kind === "role") {
      isAdmin[at] = isAdmin[at] !== true;
      await giveRole(tenant, device, isAdmin[at] ? "admin" : "agent");
    } else if (request !== undefined) {
      const isOther = request.asker !== at;
      const path = `/v1/approvals/${request.id}`;
      const isAllowed = {
        approve: isAdmin[at] === true && isOther && isAdmin[request.asker] === true,
        refuse: isAdmin[at] === true && isOther,
        withdraw: isAdmin[at] === true && !isOther,
      }[kind];
      const { status } = await (kind === "approve"
        ? approveAct(device, request)
        : kind === "refuse"
          ? device.request("POST", `${path}/refusal`)
          : device.request("DELETE", path));
      expect([kind, status < 300]).toEqual([kind, isAllowed && request.isOpen]);
      if (status < 300) request.isOpen = false;
    }
  }
  for (const device of admins) await giveRole(tenant, device, "admin");
  for (const { id, asker, isOpen } of requests)
    if (isOpen) await admins[asker]!.request("DELETE", `/v1/approvals/${id}`);
}

const giveRole = ({ id }: TestTenant, { user }: TestDevice, role: "admin" | "agent") =>
  setRole(
    server.database.ownerUrl,
    { usernameIndexes: () => [] },
    { tenant: id, account: { user }, role, nowMs: server.clock.now() },
  );

test("whatever three people do, an act needs two of them who may do it, and happens once", async () => {
  const { agent } = await newAgent(shared);
  await fc.assert(
    fc.asyncProperty(steps, (all) => follow(shared, agent, all)),
    { seed: 20_260, numRuns: 8, endOnFailure: true },
  );
  const entries = (await server.auditEntries(shared.tenant)).filter(
    (each) =>
      each["action"] === "user.create_password_reset" &&
      each["outcome"] === "success" &&
      each["subject"] === agent.user,
  );
  const details = entries.map((each) => each["details"] as { approval: string; requester: string });
  expect(new Set(details.map(({ approval }) => approval)).size).toBe(entries.length);
  expect(entries.length).toBeGreaterThan(3);
  for (const [at, { requester }] of details.entries())
    expect(entries[at]).not.toHaveProperty("actor.id", requester);
}, 120_000);

// Last, because it resets one of the admins.
test("whoever was reset since is not the person who asked", async () => {
  const [asker, second, third] = shared.admins;
  const { agent } = await newAgent(shared);
  const { body } = await askFor(asker, "directory.revoke_device", { device: agent.id });
  const reset = { user: asker.user, reason: "account_taken_over" };
  const { body: asked } = await askFor(second, "directory.reset_account", reset);
  expect((await approveAct(third, asked)).status).toBe(200);
  expect(await approveAct(second, body)).toMatchObject(refusal("approval_changed"));
});
