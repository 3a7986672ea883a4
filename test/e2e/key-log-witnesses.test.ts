import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeChecks } from "../../audit/node-checks.ts";
import { formatVkey, parseVkey } from "../../audit/verify/note.ts";
import type { KeyLogWitnesses, SecurityEvent } from "../../client/index.ts";
import { rotateAuthority } from "../../identity/authority/rotate-authority.ts";
import { openKms } from "../../keys/kms/open-kms.ts";
import { keyLogOf } from "../../identity/transparency/key-log.ts";
import { staffDevice } from "../support/device.ts";
import { connectCustomer, connectStaff, joined, readTexts } from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { fetchChanging } from "../support/shown-log.ts";
import { until } from "../support/until.ts";
import { startWitness, type TestWitness } from "../support/witness-server.ts";

let server: TestServer;
let witnesses: TestWitness[];
let folder: string;
let keyLogWitnesses: KeyLogWitnesses;
/** The verifier key of the key log, which a device needs to require witnesses. */
let vkeyOfLog: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-witnesses-"));
  witnesses = await Promise.all(["one.example", "two.example"].map((name) => startWitness(name)));
  const audit = {
    originPrefix: "sealdesk.local",
    checkpoints: { kind: "directory", folder: join(folder, "checkpoints") },
    witnesses,
    publication: { quorum: 0, witnesses: [] },
    restoreApprovers: [],
    sinks: { sinks: [], required: 0 },
  } as const;
  server = await startTestServer({ audit }, { cosignEveryMs: 20 });
  const keys = witnesses.map(({ key }) => formatVkey(nodeChecks.sha256, key));
  keyLogWitnesses = { keys, quorum: 2 };
  // The log has a key once it has an entry.
  const device = await staffDevice(server);
  await device.request("GET", `/v1/users/${device.user}/key-history`);
  const { body } = await device.request("GET", "/v1/key-log/checkpoint");
  vkeyOfLog = (body as { readonly vkey: string }).vkey;
  const log = parseVkey(nodeChecks.sha256, vkeyOfLog);
  for (const witness of witnesses) witness.logs.push(log);
});
afterAll(async () => {
  await server.close();
  await Promise.all(witnesses.map((witness) => witness.close()));
  await rm(folder, { recursive: true, force: true });
});

/** The witness answers nothing about logs until it is let go. */
function hold(witness: TestWitness): () => void {
  witness.interfere = (_request, response) => {
    response.writeHead(503).end();
    return true;
  };
  return () => {
    witness.interfere = () => false;
  };
}

const asked = () =>
  `witnesses=${encodeURIComponent(
    keyLogWitnesses.keys.map((vkey) => vkey.split("+", 2).join("+")).join(","),
  )}&quorum=2`;

test("a device that requires two witnesses talks to a contact once both have cosigned", async () => {
  const release = hold(witnesses[1]!);
  const agent = await connectStaff(server);
  const user = agent.sealdesk.user.id;
  const customer = await connectCustomer(server, { keyLog: vkeyOfLog, keyLogWitnesses });
  const events: SecurityEvent[] = [];
  customer.sealdesk.on("security", (event) => events.push(event));
  const opening = customer.sealdesk.openConversation({ with: [user] });
  let isOpen = false;
  void opening.then(() => (isOpen = true));
  // The first witness has cosigned everything, and the device still waits.
  const log = keyLogOf(server.tenant.id);
  await until(async () => {
    const { rows } = await server.database.owner.query<{ last: number; first: number }>(
      `select (select max(size)::int from audit.checkpoints where log = $1) as last,
         (select max(size)::int from audit.cosignatures where log = $1) as first`,
      [log],
    );
    return rows[0]?.first === rows[0]?.last;
  });
  const reader = await staffDevice(server);
  const refused = await reader.request("GET", `/v1/users/${user}/key-history?${asked()}`);
  expect([refused.status, refused.body.code]).toEqual([503, "key_log_not_witnessed"]);
  expect(isOpen).toBe(false);

  release();
  const asking = await opening;
  await asking.send("hello");
  expect(await readTexts(await joined(agent, asking.id), 1)).toEqual(["hello"]);
  const answer = await reader.request("GET", `/v1/users/${user}/key-history?after=0&${asked()}`);
  expect(answer.status).toBe(200);
  for (const { key } of witnesses) expect(answer.body.checkpoint).toContain(`\u2014 ${key.name} `);
  const head = await reader.request("GET", `/v1/key-log/checkpoint?${asked()}`);
  expect(head.body.checkpoint).toContain(`\u2014 two.example `);
  expect(events).toEqual([]);
  await Promise.all([agent, customer].map(({ sealdesk }) => sealdesk.close()));
});

test("the keys of the authority are not shown without the newest one", async () => {
  const reader = await staffDevice(server);
  const path = `/v1/key-log/authority?${asked()}`;
  await until(async () => (await reader.request("GET", path)).status === 200);
  const release = hold(witnesses[1]!);
  const local = { kind: "local", home: server.home, mustBeSealed: false } as const;
  const { kms } = await openKms({ ...local, passphrase: undefined, keyFile: undefined });
  const { pool } = server.database;
  await rotateAuthority({ pool, now: () => server.clock.now(), kms }, server.tenant.id);
  const refused = await reader.request("GET", path);
  expect([refused.status, refused.body.code]).toEqual([503, "key_log_not_witnessed"]);
  release();
  await until(async () => (await reader.request("GET", path)).status === 200);
  expect((await reader.request("GET", path)).body.entries).toHaveLength(3);
  await kms.close();
});

test("a server that leaves out the cosignatures is not believed, and nobody is admitted", async () => {
  const agent = await connectStaff(server);
  let stripped = 0;
  const fetch = fetchChanging((_path, body) => {
    const { checkpoint, ...rest } = body as { readonly checkpoint?: string };
    if (checkpoint === undefined) return body;
    stripped++;
    return { ...rest, checkpoint: checkpoint.replaceAll(/\u2014 (one|two)\.example .*\n/g, "") };
  });
  const customer = await connectCustomer(server, {
    keyLog: vkeyOfLog,
    keyLogWitnesses,
    runtime: { fetch },
  });
  const opening = customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const refused = expect(opening).rejects.toMatchObject({ code: "closed" });
  await until(() => stripped >= 3);
  await customer.sealdesk.close();
  await refused;
  await agent.sealdesk.close();
});

test("a device that requires witnesses must know the key of the log", async () => {
  await expect(connectCustomer(server, { keyLogWitnesses })).rejects.toMatchObject({
    code: "invalid_argument",
    message: expect.stringContaining("options.keyLog"),
  });
});

test("a request names one to sixteen witnesses, and a quorum that they can reach", async () => {
  const reader = await staffDevice(server);
  const status = async (query: string) =>
    (await reader.request("GET", `/v1/key-log/checkpoint?${query}`)).status;
  expect(await status("witnesses=")).toBe(400);
  expect(await status("witnesses=one.example")).toBe(400);
  expect(await status("witnesses=one.example%2B0123456z")).toBe(400);
  expect(await status("witnesses=one.example%2B01234567&quorum=0")).toBe(400);
  const many = Array.from({ length: 17 }, (_, at) => `w${at}%2B01234567`).join(",");
  expect(await status(`witnesses=${many}`)).toBe(400);
  expect(await status("witnesses=one.example%2B01234567")).toBe(503);
  await until(async () => (await status(asked())) === 200);
});
