import { listConversations } from "../../../messaging/members/read-conversations.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";
import { closeConversation } from "../../support/acts.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { putInForce } from "../../support/policy-versions.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const onlyOpen = {
  off: ["conversation.read"],
  add: [
    {
      id: "local.read_open",
      narrows: "conversation.read",
      actions: ["read", "read_members"],
      roles: ["agent", "customer"] as const,
      conditions: { state: "open" },
      means: "The actor is a member, and the conversation is open.",
    },
  ],
};

test("pages are full although the policy hides some conversations", async () => {
  const tenant = await server.createTenant();
  const [customer, agent] = [
    await customerDevice(server, undefined, tenant),
    await staffDevice(server, "agent", tenant),
  ];
  const all: string[] = [];
  for (let n = 0; n < 5; n++) all.push(await createConversation(customer, [agent]));
  for (const closed of [0, 1, 3]) await closeConversation(agent, all[closed] as never);
  await putInForce(server, tenant, onlyOpen);
  const listed: string[][] = [];
  for (let next: string | null = ""; next !== null;) {
    const query = next === "" ? "" : `&after=${next}`;
    const { body } = await agent.request("GET", `/v1/conversations?limit=1${query}`);
    listed.push(body.conversations.map(({ id }: { id: string }) => id));
    next = body.next;
  }
  expect(listed).toEqual([[all[2]], [all[4]], []]);
});

test("a list by a version that is no longer in force is refused, to customers too", async () => {
  const tenant = await server.createTenant();
  const customer = await customerDevice(server, undefined, tenant);
  await putInForce(server, tenant, onlyOpen);
  const { pool, owner } = server.database;
  const { rows } = await owner.query<{ id: never }>(
    "select id from sealdesk.sessions where user_id = $1",
    [customer.user],
  );
  const stale = {
    tenant: tenant.id,
    user: customer.user,
    role: "customer",
    policy: defaultPolicy,
    device: customer.id,
    session: rows[0]!.id,
    method: "customer_token",
    signIn: unknownSignIn,
  } as const;
  const deps = { pool, now: () => server.clock.now() } as MessagingDeps;
  const list = listConversations(deps, stale, { limit: 10 });
  await expect(list).rejects.toMatchObject({ code: "policy_changed" });
});

test("the list of staff has the accounts and the names that the rules show", async () => {
  const tenant = await server.createTenant();
  const staff = async (role: "agent" | "bot" | "auditor" | "supervisor") =>
    staffDevice(server, role, tenant);
  const [agent, bot, supervisor] = [
    await staff("agent"),
    await staff("bot"),
    await staff("supervisor"),
  ];
  const auditor = await staff("auditor");
  const customer = await customerDevice(server, undefined, tenant);
  const shown = async (device: TestDevice) => {
    const { status, body } = await device.request("GET", "/v1/staff");
    if (status !== 200) return status;
    const accounts = body.staff as { role: string; displayName: string | null }[];
    return accounts.map(({ role, displayName }) => `${role} ${displayName}`).toSorted();
  };
  const named = ["agent Test agent", "bot Test bot", "supervisor Test supervisor"];
  expect(await shown(customer)).toEqual(named);
  expect(await shown(agent)).toEqual(named);
  expect(await shown(bot)).toEqual(["agent null", "bot null", "supervisor null"]);
  expect(await shown(auditor)).toBe(403);

  const narrowed = { narrows: "staff_list.read", actions: ["read"], means: "Some of the staff." };
  await putInForce(server, tenant, {
    off: ["staff_list.read", "staff_list.read_without_names"],
    add: [
      // A customer sees the name of the bot only.
      {
        ...narrowed,
        id: "local.whom_to_ask",
        roles: ["customer"],
        conditions: { role: { $in: ["agent", "bot"] } },
        fields: [],
      },
      { ...narrowed, id: "local.bot", roles: ["customer"], conditions: { role: "bot" } },
      { ...narrowed, id: "local.own", roles: ["agent"], conditions: { user: "$actor.user" } },
      {
        id: "local.audited",
        resource: "staff_list",
        actions: ["read"],
        roles: ["auditor"],
        conditions: {},
        means: "The staff of the tenant.",
      },
    ],
  });
  expect(await shown(customer)).toEqual(["agent null", "bot Test bot"]);
  expect(await shown(agent)).toEqual(["agent Test agent"]);
  expect(await shown(supervisor)).toBe(403);
  expect(await shown(auditor)).toEqual(named);
});
