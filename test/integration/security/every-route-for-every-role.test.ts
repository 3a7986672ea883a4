import { defaultPolicy } from "../../../policies/policy.ts";
import { administrationActions } from "../../../policies/administration.ts";
import { policyTable, type PolicyRow } from "../../../policies/policy-table.ts";
import { roles, type StaffRole } from "../../../policies/roles.ts";
import { apiKeyOf } from "../../support/administration.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { sampleRequests, type ApiDocument } from "../../support/sample-request.ts";
import { putNoticeInForce } from "../../support/notices.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { begin, send } from "../attachments/device-requests.ts";
import { isAllowedBy } from "./allowed-by-table.ts";
import type { Person, Place, RouteRight, Target } from "./route-right.ts";
import { canBeMember, routeRights, scopeOf } from "./route-rights.ts";
import { notByRole } from "./routes-not-by-role.ts";

// Every route is called by every role, on what is its own, on what is another's, and on another tenant's. The
// table of the rules says what must be refused. Nothing here says so by itself.

const table: readonly PolicyRow[] = policyTable(defaultPolicy);

let server: TestServer;
let document: ApiDocument;
let foreign: TestTenant;
let actors: readonly Person[];
beforeAll(async () => {
  server = await startTestServer({}, { transcriptsEveryMs: 20 });
  document = (await (await fetch(`${server.url}/v1/openapi.json`)).json()) as ApiDocument;
  foreign = await server.createTenant();
  // The table knows no consents: those of archiving have a test of their own.
  await server.database.owner.query("update sealdesk.tenants set required_consents = '{}'");
  const made: Person[] = [];
  for (const role of roles) made.push(await person(role));
  actors = made;
}, 300_000);
afterAll(() => server.close());

const person = async (role: Person["role"], tenant?: TestTenant): Promise<Person> => ({
  role,
  device:
    role === "customer"
      ? await customerDevice(server, undefined, tenant)
      : await staffDevice(server, role satisfies StaffRole, tenant),
});

const placeOf = async (createdBy: Person, others: readonly Person[]): Promise<Place> => {
  const id = await createConversation(
    createdBy.device,
    others.map(({ device }) => device),
  );
  const uploader = others.at(-1) ?? createdBy;
  const { path: upload } = await begin(server, uploader.device, id, 100);
  return { id, createdBy, members: [createdBy, ...others], upload, uploader };
};

const draftOf = async (tenant: TestTenant = server.tenant) => {
  const admin = await staffDevice(server, "admin", tenant);
  const body = { changes: { off: [], add: [] }, reason: "a test" };
  return (await admin.request("POST", "/v1/policy/versions", { body })).body as Target["draft"];
};

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );

test("each route has a right, a scope, or a reason why roles do not matter", () => {
  const known = [
    ...Object.keys(routeRights(server)),
    ...Object.keys(scopeOf),
    ...Object.keys(notByRole),
  ];
  expect(operations().toSorted()).toEqual(known.toSorted());
  const rights = new Set(table.map(({ resource, action }) => `${resource}.${action}`));
  for (const [name, { right }] of Object.entries(routeRights(server)))
    expect([name, rights.has(right.join("."))]).toEqual([name, true]);
});

/** What a second call finds as the first one did. */
const isRepeatable = (name: string): boolean =>
  /^(GET|HEAD) |bundle$|attachments$|password-reset$|POST .v1.conversations$/.test(name);

/** Refusals for want of a right. What another tenant has does not exist. */
const REFUSED = ["forbidden", "device_required", "own_approval", "not_a_member"];
const isRefused = (status: number, code: string): boolean =>
  status === 401 || REFUSED.includes(code) || status === 404;

async function answerOf({ call }: RouteRight, actor: Person, target: Target) {
  const answer = await call(actor.device, target);
  const body =
    answer instanceof Response && answer.status >= 400
      ? await answer.json().catch(() => ({}))
      : answer.body;
  return { status: answer.status, code: String((body as { code?: string } | undefined)?.code) };
}

test("a route refuses each role what the table does not allow, and nothing else", async () => {
  const [customer, agent, other] = [
    await person("customer"),
    await person("agent"),
    await person("agent"),
  ];
  const stranger = {
    customer: await person("customer", foreign),
    agent: await person("agent", foreign),
  };
  const elsewhere = await placeOf(stranger.customer, [stranger.agent]);
  const draft = await draftOf();
  // Its number is that of the draft, and there is no notice of another number.
  expect(await putNoticeInForce(server)).toBe(draft.version);
  const foreignDraft = { ...(await draftOf(foreign)), version: draft.version + 1000 };
  const shared = await placeOf(customer, [agent]);
  const mine = new Map<string, Place>();
  for (const actor of actors.filter(({ role }) => canBeMember(role)))
    mine.set(
      actor.role,
      actor.role === "customer"
        ? await placeOf(actor, [agent])
        : await placeOf(customer, [agent, actor]),
    );
  const auditor = actors.find(({ role }) => role === "auditor")!;
  await until(
    async () => (await send(server, auditor.device, "GET", "/v1/audit/log/checkpoint")).ok,
  );
  const wrong: string[] = [];
  let [allowedCalls, refusedCalls] = [0, 0];
  for (const [name, route] of Object.entries(routeRights(server)))
    for (const actor of actors) {
      const { role, device } = actor;
      const by = { role, user: device.user, device: device.id };
      const check = async (what: string, isOwnTenant: boolean, target: () => Promise<Target>) => {
        const arranged = await target();
        const facts = route.facts(actor, arranged);
        const expected = isOwnTenant && isAllowedBy(table, by, route.right, facts);
        const { status, code } = await answerOf(route, actor, arranged);
        const isMissing = expected && code === route.without;
        if (isRefused(status, code) === (expected && !isMissing) || status >= 500)
          wrong.push(
            `${name} by ${role} on ${what}: ${status} ${code}, table: ${String(expected)}`,
          );
        if (expected) allowedCalls++;
        else refusedCalls++;
      };
      const may = (target: Target) =>
        isAllowedBy(table, by, route.right, route.facts(actor, target));
      // An act that succeeds uses up what it is about.
      const fresh = async (target: Target): Promise<Target> => {
        if (!may(target) || isRepeatable(name)) return target;
        switch (route.about) {
          case "conversation":
            return {
              ...target,
              place: await placeOf(
                target.place.createdBy,
                target.place.members.filter((each) => each !== target.place.createdBy),
              ),
            };
          case "account":
            return target.person === actor
              ? target
              : { ...target, person: await person(target.person.role) };
          case "tenant":
            return name.includes("{version}") ? { ...target, draft: await draftOf() } : target;
          case "self":
            return target;
        }
      };
      const base: Target = { person: other, place: shared, draft };
      if (route.about === "tenant" || route.about === "self") {
        await check("the tenant's", true, () => fresh(base));
        if (name.includes("{version}"))
          await check("another tenant's", false, async () => ({ ...base, draft: foreignDraft }));
      }
      if (route.about === "account") {
        await check("an agent's", true, () => fresh(base));
        if (name !== "POST /v1/conversations")
          await check("a customer's", true, () => fresh({ ...base, person: customer }));
        await check("another tenant's", false, async () => ({ ...base, person: stranger.agent }));
        // The account signs the removal of its own devices: another route.
        if (!name.startsWith("DELETE"))
          await check("its own", true, async () => ({ ...base, person: actor }));
      }
      if (route.about === "conversation") {
        const own = mine.get(role);
        if (own !== undefined) await check("its own", true, () => fresh({ ...base, place: own }));
        await check("another's", true, () => fresh(base));
        await check("another tenant's", false, async () => ({ ...base, place: elsewhere }));
      }
    }
  expect(wrong).toEqual([]);
  expect(allowedCalls).toBeGreaterThan(100);
  expect(refusedCalls).toBeGreaterThan(200);
}, 600_000);

test("a list of conversations has those that the table allows, of the own tenant", async () => {
  const stranger = await person("customer", foreign);
  await createConversation(stranger.device, [(await person("agent", foreign)).device]);
  for (const actor of actors) {
    const { role, device } = actor;
    const { rows } = await server.database.owner.query<{
      id: string;
      members: string[];
      createdBy: string;
    }>(
      `select c.id, c.created_by as "createdBy", array_agg(m.user_id::text) as members from sealdesk.conversations c
       join sealdesk.members m on m.conversation = c.id and m.until_seq is null
       where c.tenant = $1 group by c.id`,
      [device.tenant],
    );
    const by = { role, user: device.user, device: device.id };
    const allowed = rows.filter(({ members, createdBy }) =>
      isAllowedBy(table, by, ["conversation", "read"], { members, createdBy }),
    );
    const { body } = await device.request("GET", "/v1/conversations?limit=200");
    const listed = (body.conversations as { id: string }[]).map(({ id }) => id);
    expect([role, listed.toSorted()]).toEqual([role, allowed.map(({ id }) => id).toSorted()]);
  }
});

test("a program with an API key may do what its scope says, in its own tenant", async () => {
  const samples = sampleRequests(document, { user: actors[0]!.device.user, kid: "none" })
    .map((sample, at) => ({ ...sample, name: operations()[at]! }))
    .filter(({ name }) => scopeOf[name] !== undefined);
  const wrong: string[] = [];
  for (const scope of administrationActions) {
    const held = scope === "scim" ? "scim:another-provider" : scope;
    const token = await apiKeyOf(server, { scopes: [held] });
    const check = async (sample: (typeof samples)[number], tenant: TestTenant) => {
      const { name, method, path, headers, body } = sample;
      const facts = { scopes: [scope], standing: "valid" };
      const right = ["administration", scopeOf[name]!] as const;
      const expected =
        tenant === server.tenant && isAllowedBy(table, { role: "api_key" }, right, facts);
      const at = path.replace(/^\/v1\/admin\/[^/]+/, `/v1/admin/${tenant.slug}`);
      const answer = await fetch(server.url + at, {
        method,
        headers: { ...headers, authorization: `Bearer ${token}` },
        ...(body !== undefined && { body }),
      });
      const isDenied = answer.status === 401 || answer.status === 403;
      if (isDenied === expected || answer.status >= 500)
        wrong.push(`${name} with ${scope} in ${tenant.slug}: ${answer.status}`);
      await answer.body?.cancel();
    };
    // The server takes a quarter of a second for each refusal in another tenant.
    const elsewhere = samples.map((sample) => check(sample, foreign));
    for (const sample of samples) await check(sample, server.tenant);
    await Promise.all(elsewhere);
  }
  expect(wrong).toEqual([]);
}, 300_000);

test("nobody is served without a credential, nor with one of another kind", async () => {
  const [agent] = [actors.find(({ role }) => role === "agent")!];
  const apiKey = await apiKeyOf(server);
  const wrong: string[] = [];
  const samples = sampleRequests(document, { tenant: server.tenant.slug, path: "checkpoint" });
  for (const { method, path, headers, body, isPublic } of samples) {
    if (isPublic || path.startsWith("/scim/")) continue;
    const isAdministration = path.startsWith("/v1/admin/");
    const credentials = isAdministration
      ? [undefined, `DPoP ${agent.device.token}`, `Bearer ${agent.device.token}`]
      : [undefined, `Bearer ${apiKey}`, `DPoP ${apiKey}`];
    for (const authorization of credentials) {
      const answer = await fetch(server.url + path, {
        method,
        headers: { ...headers, ...(authorization !== undefined && { authorization }) },
        ...(body !== undefined && { body }),
      });
      // A stream needs a connection that is known.
      if (answer.status !== 401 && answer.status !== 421)
        wrong.push(`${method} ${path} ${authorization}: ${answer.status}`);
      await answer.body?.cancel();
    }
  }
  expect(wrong).toEqual([]);
});
