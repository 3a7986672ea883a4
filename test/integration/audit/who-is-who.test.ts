import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendEntry } from "../../../audit/append-entry.ts";
import { createKeystorePool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { destroySubjectKeys } from "../../../keys/at-rest/destroy.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let auditor: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
  auditor = new TestDevice(server);
  expect((await auditor.signInAsStaff(await server.createStaff("auditor"))).status).toBe(201);
});
afterAll(() => server.close());

async function sealdesk(...args: readonly string[]) {
  const { code, out, err } = await runSealdesk(server, args);
  expect([code, err]).toEqual([0, ""]);
  return out.trimEnd().split("\n");
}
const ofTenant = () => ["--tenant", server.tenant.slug];

const lastEntry = async (action: string) =>
  (await server.auditEntries()).findLast((entry) => entry["action"] === action);

const namesOf = (...ids: readonly string[]) =>
  auditor.request("GET", `/v1/audit/names?ids=${ids.join(",")}`);

test("an auditor learns who the accounts of the log are, and the log learns no name", async () => {
  const staff = await server.createStaff("agent");
  const customer = await customerDevice(server);
  const elsewhere = await server.createStaff("agent", await server.createTenant());
  const ids = [staff.id, customer.user, elsewhere.id];
  const answer = await namesOf(...ids);
  expect(answer.status).toBe(200);
  // The account of another tenant is not there.
  expect(answer.body.accounts).toHaveLength(2);
  expect(answer.body.accounts).toEqual(
    expect.arrayContaining([
      { id: staff.id, role: "agent", username: staff.username, displayName: "Test agent" },
      { id: customer.user, role: "customer", username: null, displayName: null },
    ]),
  );
  expect(await lastEntry("audit.read_names")).toMatchObject({
    class: "R",
    actor: { id: auditor.user, role: "auditor" },
    decision: { allowed: true, reasons: ["reads_account_names"] },
    details: { accounts: ids },
  });
  expect(await sealdesk("--as", "alice", "audit", "who", ...ids, ...ofTenant())).toEqual([
    `${staff.id}  agent  "${staff.username}"  "Test agent"`,
    `${customer.user}  customer  has no name, or was erased`,
    `${elsewhere.id}  no account of this tenant`,
  ]);
  expect(await lastEntry("audit.read_names")).toMatchObject({
    actor: { id: "operator", person: { name: "alice" } },
    details: { accounts: ids },
  });
  const log = JSON.stringify(await server.auditEntries());
  expect(log).not.toContain(staff.username);
  expect(log).not.toContain("Test agent");
});

test("the name of an erased person is gone, although it was read before", async () => {
  const staff = await server.createStaff("agent");
  expect((await namesOf(staff.id)).body.accounts).toMatchObject([{ username: staff.username }]);
  const keystore = createKeystorePool(server.loginUrl, { max: 1 });
  const deps = { keystore, apart: undefined, now: Date.now };
  const by = { actor: { kind: "system" as const, id: "test" } };
  await destroySubjectKeys(deps, server.tenant.id, staff.id, by);
  await keystore.end();
  const erased = [{ id: staff.id, role: "agent", username: null, displayName: null }];
  await until(async () => {
    const { accounts } = (await namesOf(staff.id)).body;
    return JSON.stringify(accounts) === JSON.stringify(erased);
  });
  expect(await sealdesk("audit", "who", staff.id, ...ofTenant())).toEqual([
    `${staff.id}  agent  has no name, or was erased`,
  ]);
});

test("an export can have the names beside its entries, which stay as they are in the log", async () => {
  const staff = await server.createStaff("agent");
  const customer = await customerDevice(server);
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-names-"));
  const [plain, named] = [join(folder, "plain"), join(folder, "named")];
  const vkey = (await sealdesk("audit", "vkey", ...ofTenant()))[0] ?? "";
  const exporting = ["audit", "export", ...ofTenant(), "--format", "csv", "--out"];
  // Until the entry of the account's creation is signed.
  await until(async () => {
    await rm(named, { recursive: true, force: true });
    await sealdesk(...exporting, named, "--names");
    return (await readFile(join(named, "names.csv"), "utf8")).includes(staff.username);
  });
  const entry = await lastEntry("audit.export");
  expect(entry).toMatchObject({ details: { names: true } });
  const size = (entry?.["details"] as { size?: number } | undefined)?.size;
  const names = await readFile(join(named, "names.csv"), "utf8");
  expect(names).toMatch(/^id,role,username,display_name\r\n/);
  expect(names).toContain(`${staff.id},agent,${staff.username},Test agent\r\n`);
  expect(names).not.toContain(customer.user);
  await sealdesk(...exporting, plain, "--size", String(size));
  for (const file of ["entries.csv", "manifest"])
    expect(await readFile(join(named, file))).toEqual(await readFile(join(plain, file)));
  // Without the names, the export is as good as before.
  await rm(join(named, "names.csv"));
  expect((await sealdesk("audit", "verify", named, "--vkey", vkey))[0]).toContain("Verified");
  const tiles = ["audit", "export", ...ofTenant(), "--out", join(folder, "tiles"), "--names"];
  expect((await runSealdesk(server, tiles)).err).toContain("--names needs --tenant");
  await rm(folder, { recursive: true });
});

test("other roles learn no name and get no list, and the refusals are on record", async () => {
  for (const role of ["agent", "supervisor", "admin", "bot"] as const) {
    const device = await staffDevice(server, role);
    for (const path of [`names?ids=${auditor.user}`, "accounts?at=1"]) {
      const refused = await device.request("GET", `/v1/audit/${path}`);
      expect([role, path, refused.status, refused.body.code]).toEqual([
        role,
        path,
        403,
        "forbidden",
      ]);
    }
  }
  for (const action of ["audit.read_names", "audit.list_accounts"])
    expect(await lastEntry(action)).toMatchObject({
      outcome: "refused",
      decision: { allowed: false, reasons: ["role_bot"] },
    });
  for (const ids of ["", "x", `${auditor.user},`, Array(101).fill(auditor.user).join(",")])
    expect((await namesOf(ids)).status).toBe(400);
});

interface Listed {
  readonly id: string;
  readonly role: string;
  readonly createdAtMs: number | null;
  readonly roleSinceMs: number;
  readonly index: number;
}

test("accounts are listed as the log shows them at a time, whatever the table says", async () => {
  const { id: tenant } = server.tenant;
  const first = await server.createStaff("agent");
  const second = await server.createStaff("supervisor");
  const customer = await customerDevice(server);
  const createdAtMs = (await lastEntry("user.create"))?.["occurredAtMs"] as number;
  const changedAtMs = createdAtMs + 60_000;
  await inTransaction(server.database.pool, tenant, (client) =>
    appendEntry(client, {
      occurredAtMs: changedAtMs,
      tenant,
      actor: { kind: "system", id: "authority" },
      action: "staff.certify",
      resource: { type: "user", id: first.id },
      subject: first.id,
      outcome: "success",
      details: { role: "admin", teams: ["claims", "night"], untilMs: 0 },
    }),
  );
  // Somebody gives a role with a statement, and leaves no entry.
  await server.database.owner.query("update sealdesk.users set role = 'admin' where id = $1", [
    second.id,
  ]);
  const listed = async (atMs: number) => {
    const { status, body } = await auditor.request("GET", `/v1/audit/accounts?at=${atMs}`);
    expect([status, body.prunedBelow]).toEqual([200, 0]);
    return body.accounts as readonly Listed[];
  };
  const rolesOf = async (atMs: number) =>
    Object.fromEntries((await listed(atMs)).map(({ id, role }) => [id, role]));
  // The entries count when they are signed.
  await until(async () => (await rolesOf(changedAtMs))[first.id] === "admin");
  expect(await rolesOf(changedAtMs - 1)).toMatchObject({
    [auditor.user]: "auditor",
    [first.id]: "agent",
    [second.id]: "supervisor",
  });
  expect(await rolesOf(changedAtMs)).toMatchObject({ [second.id]: "supervisor" });
  expect((await rolesOf(changedAtMs))[customer.user]).toBeUndefined();
  expect(await listed(1)).toEqual([]);
  const entry = (await listed(changedAtMs)).find(({ id }) => id === first.id);
  expect(entry).toMatchObject({
    teams: ["claims", "night"],
    roleSinceMs: changedAtMs,
    createdAtMs: expect.any(Number),
  });
  const day = new Date(changedAtMs).toISOString();
  const lines = await sealdesk("audit", "accounts", ...ofTenant(), "--at", day, "--names");
  expect(lines).toContain(
    `${first.id}  admin since ${day}  teams claims, night  created ${new Date(entry?.createdAtMs ?? 0).toISOString()}  ` +
      `entry ${entry?.index}  "${first.username}"  "Test agent"`,
  );
  expect((await sealdesk("audit", "accounts", ...ofTenant(), "--at", "2020-01-01")).at(0)).toBe(
    "The log shows no account of staff at that time.",
  );
  expect(await lastEntry("audit.list_accounts")).toMatchObject({
    actor: { id: "operator" },
    details: { atMs: Date.UTC(2020, 0, 1) },
  });
});

test("staff state what they read for, where the tenant demands it", async () => {
  const tenant = await server.createTenant();
  const [privacy, agent] = [
    await staffDevice(server, "privacy_officer", tenant),
    await staffDevice(server, "agent", tenant),
  ];
  const customer = await customerDevice(server, undefined, tenant);
  const conversation = await createConversation(customer, [agent]);
  const names = `/v1/audit/names?ids=${agent.user}`;
  const members = `/v1/conversations/${conversation}`;
  const reads = [
    [privacy, names],
    [privacy, `/v1/audit/disclosures?subject=${customer.user}`],
    [agent, members],
    [agent, "/v1/conversations"],
  ] as const;
  for (const [device, path] of reads) expect((await device.request("GET", path)).status).toBe(200);

  const demand = (list: string) =>
    sealdesk(
      "tenant",
      "purpose-of-use",
      ...["--slug", tenant.slug].concat("--reads", list, "--codes", "CLAIMS_REVIEW"),
    );
  await demand("conversations,names,audit_log");
  const required = { status: 403, body: { code: "purpose_required" } };
  for (const [device, path] of reads) {
    expect(await device.request("GET", path)).toMatchObject(required);
    for (const purpose of ["TREAT", "CLAIMS_REVIEW"])
      expect((await device.request("GET", path, { purpose })).status).toBe(200);
    expect(await device.request("GET", path, { purpose: "OUT_OF_CURIOSITY" })).toMatchObject(
      required,
    );
    expect(await device.request("GET", path, { purpose: "for treatment" })).toMatchObject({
      status: 400,
      body: { code: "invalid_request" },
    });
  }
  expect((await customer.request("GET", members)).status).toBe(200);
  const unlisted = { purpose: "OUT_OF_CURIOSITY" };
  expect((await agent.request("GET", "/v1/alerts", unlisted)).status).toBe(403);
  for (const purpose of ["OUT_OF_CURIOSITY", "TREAT"])
    await customer.request("GET", `/v1/audit/names?ids=${agent.user}`, { purpose });
  const who = ["audit", "who", agent.user, "--tenant", tenant.slug];
  expect(await runSealdesk(server, who)).toMatchObject({
    code: 1,
    err: expect.stringContaining("--purpose"),
  });
  expect(await sealdesk("--purpose", "HOPERAT", ...who)).toHaveLength(1);

  const entries = await server.auditEntries(tenant);
  expect(JSON.stringify(entries)).not.toContain("OUT_OF_CURIOSITY");
  expect(entries).toContainEqual(
    expect.objectContaining({
      reason: "purpose_required",
      decision: { allowed: false, reasons: ["purpose_not_listed"] },
    }),
  );
  const byCustomer = entries.filter(
    ({ actor }) => (actor as { readonly id: string }).id === customer.user,
  );
  expect(byCustomer.some(({ outcome }) => outcome === "refused")).toBe(true);
  for (const { purpose } of byCustomer) expect(purpose).toBeUndefined();
  const actor = expect.objectContaining({ id: agent.user });
  const isRead = { action: "conversation.read", actor, purpose: "TREAT" };
  expect(entries).toContainEqual(expect.objectContaining(isRead));
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: "audit.read_names",
      actor: expect.objectContaining({ person: expect.objectContaining({ purpose: "HOPERAT" }) }),
    }),
  );
  expect(
    entries
      .filter(({ reason }) => reason === "purpose_required")
      .map(({ action, decision }) => [action, decision]),
  ).toEqual(
    expect.arrayContaining(
      ["audit.read_names", "audit.read_disclosures", "conversation.read", "conversation.list"].map(
        (action) => [action, { allowed: false, reasons: ["purpose_not_stated"] }],
      ),
    ),
  );
  await demand("none");
  for (const [device, path] of reads) expect((await device.request("GET", path)).status).toBe(200);
});
