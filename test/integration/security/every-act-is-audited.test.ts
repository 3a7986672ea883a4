import { randomUUID } from "node:crypto";
import type { AuditAction } from "../../../audit/actions.ts";
import { toHex } from "../../../crypto/wire/bytes.ts";
import type { Frame } from "../../../crypto/wire/frame.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { administrationCalls } from "../../support/administration-calls.ts";
import { operatorCalls } from "../../support/operator-keys.ts";
import { provisioningCalls } from "../../support/provisioning-calls.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { expectSection, markdownTable } from "../../support/generated-section.ts";
import { outsideActionTable } from "../../support/outside-action-table.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { routeCalls } from "./route-calls.ts";

let server: TestServer;
const subject = randomUUID();
let customer: TestDevice;
let agent: TestDevice;
beforeAll(async () => {
  server = await startTestServer({}, { transcriptsEveryMs: 20 });
  customer = await customerDevice(server, subject);
  agent = await staffDevice(server);
});
afterAll(() => server.close());

/**
 * Not audited: how far each device has read, how often it has said hello, and how far transcripts are
 * recorded.
 */
const PLACES = ["cursors", "store_generations", "audited_heads"];

/**
 * All that the server keeps, but for the audit log itself, and for the webhooks, which the server tries by itself. Their
 * acts leave entries.
 */
async function everythingKept(): Promise<string> {
  const { owner } = server.database;
  const { rows: tables } = await owner.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('audit', 'pg_catalog', 'information_schema')
       and not tablename = any($1) order by 1`,
    [[...PLACES, "alert_webhooks", "alert_deliveries"]],
  );
  const digests: string[] = [];
  for (const { name } of tables) {
    const { rows } = await owner.query<{ digest: string }>(
      `select md5(string_agg(t::text, '' order by t::text)) as digest from ${name} t`,
    );
    digests.push(`${name} ${rows[0]?.digest ?? ""}`);
  }
  return digests.join("\n");
}

/** What the server writes by itself, whatever else happens. */
const byItself: readonly unknown[] = [
  "transcript.record",
  "case.step",
  "case.pending",
  "breach.assess",
];

/** Those of all tenants. */
async function entriesOfActs() {
  const { rows } = await server.database.owner.query<{ entry: Buffer }>(
    "select e.entry from audit.entries e join sealdesk.tenants t on t.id = e.tenant order by e.id",
  );
  return rows
    .map(({ entry }) => JSON.parse(entry.toString()) as Record<string, unknown>)
    .filter(({ action }) => !byItself.includes(action));
}

/** Resolves when the server takes no step of a case soon, which would change tables beside a request. */
const casesRest = (): Promise<void> =>
  until(async () => {
    const { rowCount } = await server.database.owner.query(
      "select from sealdesk.cases where wake_at_ms < sealdesk.database_now_ms() + 2000",
    );
    return rowCount === 0;
  });

const actions = async () =>
  (await entriesOfActs())
    .filter(({ outcome }) => outcome === "success")
    .map(({ action }) => action as string);

interface Operation {
  /** An inner list stands for one of its actions. */
  readonly "x-audit":
    readonly (AuditAction | readonly AuditAction[])[] | { readonly nothing: string };
}

/** Every route that the server says it has. */
async function operations(): Promise<[string, Operation["x-audit"]][]> {
  const document = (await (await fetch(`${server.url}/v1/openapi.json`)).json()) as {
    readonly paths: Record<string, Record<string, Operation>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) =>
        [`${method.toUpperCase()} ${path}`, operation["x-audit"]] as [string, Operation["x-audit"]],
    ),
  );
}

test("each route leaves its declared entry for every change and every read of others' data", async () => {
  const calls = routeCalls({ server, subject, customer, agent });
  const declared = await operations();
  const all = {
    ...calls,
    ...administrationCalls(server),
    ...operatorCalls(server),
    ...provisioningCalls(server),
  };
  expect(declared.map(([name]) => name).toSorted()).toEqual(Object.keys(all).toSorted());
  for (const [name, audits] of declared) {
    const call = await all[name]?.();
    await casesRest();
    const before = { kept: await everythingKept(), actions: await actions() };
    const status = (await call?.())?.status ?? 0;
    expect([name, status >= 200 && status < 300]).toEqual([name, true]);
    const entries = (await actions()).slice(before.actions.length);
    const expected = "nothing" in audits ? [] : audits;
    const left = expected.map((each, at) => [each].flat().find((one) => one === entries[at]));
    expect([name, entries]).toEqual([name, left]);
    if (entries.length === 0) expect([name, await everythingKept()]).toEqual([name, before.kept]);
  }
}, 300_000);

const code = (text: string): string => `\`${text}\``;

test("docs/audited-actions.md has each route, with what it leaves", async () => {
  const rows = (await operations()).map(([name, audits]) => [
    code(name),
    "nothing" in audits
      ? `none: ${audits.nothing}`
      : audits.map((each) => [each].flat().map(code).join(" or ")).join(", "),
  ]);
  await expectSection("audited-actions", "routes", markdownTable([["route", "entries"], ...rows]));
});

/** What each frame that a device may send leaves; `undefined`: it is the server's to send. */
const frames: Readonly<
  Record<Frame["kind"], AuditAction | { readonly nothing: string } | undefined>
> = {
  hello: "relay.connect",
  send: "transcript.record",
  ack: { nothing: "how far one's own device has read" },
  ackGap: { nothing: "how far one's own device has read" },
  heartbeat: { nothing: "asks whether the relay is there" },
  activity: { nothing: "passes by and is not kept" },
  presence: { nothing: "passes by and is not kept" },
  heads: undefined,
  welcome: undefined,
  accepted: undefined,
  refused: undefined,
  deliver: undefined,
  synced: undefined,
  fault: undefined,
  gap: undefined,
  erasures: undefined,
};

test("frames: staff that connects leaves an entry, and messages leave their transcript hash", async () => {
  expect(Object.values(frames).filter((each) => typeof each === "string")).toHaveLength(2);
  const id = await createConversation(customer, [agent]);
  const socket = await RelaySocket.open(server, agent);
  expect((await entriesOfActs()).at(-1)).toMatchObject({
    action: frames.hello,
    class: "R",
    actor: { id: agent.user, device: agent.id },
  });
  const sent = await socket.post(messageTo(id, [customer]));
  if (!("transcriptHash" in sent)) throw new Error("refused");
  const recorded = async () =>
    (await server.auditEntries())
      .filter(({ action }) => action === frames.send)
      .flatMap(({ details }) => (details as { heads: unknown[][] }).heads);
  const head = [id, sent.seq, toHex(sent.transcriptHash)];
  while (!(await recorded()).some((each) => JSON.stringify(each) === JSON.stringify(head)));

  const before = { kept: await everythingKept(), entries: (await entriesOfActs()).length };
  socket.send({ kind: "ack", body: { cursors: [{ conversation: id, seq: 1 }] } });
  socket.send({ kind: "ackGap", body: { conversation: id, to: 1 } });
  socket.send({
    kind: "activity",
    body: { conversation: id, kind: "read", seq: 1, device: undefined },
  });
  socket.send({ kind: "presence", body: { state: "online", user: undefined, since: 0 } });
  await socket.post(messageTo(newId<ConversationId>(), []));
  expect(await everythingKept()).toBe(before.kept);
  expect(await entriesOfActs()).toHaveLength(before.entries);
  await socket.close();
});

test("the next node that starts records the hashes that a stopped node left", async () => {
  const id = await createConversation(customer, [agent]);
  await server.database.owner.query("delete from sealdesk.audited_heads where conversation = $1", [
    id,
  ]);
  const before = (await server.auditEntries()).length;
  const node = await server.startNode();
  const later = async () => JSON.stringify((await server.auditEntries()).slice(before));
  while (!(await later()).includes(id));
  await node.close();
});

test("every entry is as the table of actions says", async () => {
  const entries = await server.auditEntries();
  expect(entries.length).toBeGreaterThan(50);
  expect(entries.flatMap(outsideActionTable)).toEqual([]);
});
