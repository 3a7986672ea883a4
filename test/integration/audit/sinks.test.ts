import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
} from "@aws-sdk/client-s3";
import type { SinkOptions } from "../../../audit/sinks/open-sink.ts";
import { parseSinks } from "../../../audit/sinks/parse-sinks.ts";
import { deliveredIn, orderedIndexes } from "../../support/delivered-entries.ts";
import { TestDevice } from "../../support/device.ts";
import {
  startTestServer,
  type TestNode,
  type TestServer,
  type TestStaff,
} from "../../support/server.ts";
import { startRealS3 } from "../../support/real-s3.ts";
import { SyslogReceiver } from "../../support/syslog-receiver.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer(
    { metrics: { host: "127.0.0.1", port: 0 } },
    { sinkEveryMs: 20, sinkLateMs: 1_000 },
  );
  folder = await mkdtemp(join(tmpdir(), "sealdesk-sinks-"));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts a node that delivers to sinks. The other node, which signs, has none. */
const startNode = (sinks: string, required = 0, s3?: SinkOptions["s3"]): Promise<TestNode> =>
  server.startNode({
    metrics: undefined,
    audit: {
      originPrefix: "sealdesk.local",
      checkpoints: { kind: "directory", folder: join(server.home, "audit-checkpoints") },
      witnesses: [],
      publication: { quorum: 0, witnesses: [] },
      restoreApprovers: [],
      sinks: { sinks: parseSinks(sinks) ?? [], required, s3 },
    },
  });
const origin = () => `sealdesk.local/audit/t/${server.tenant.slug}`;
/** The number of entries that the tenant's log has. */
async function size(): Promise<number> {
  const { rows } = await server.database.owner.query<{ size: number }>(
    "select count(*)::int as size from audit.entries where tenant = $1",
    [server.tenant.id],
  );
  return rows[0]?.size ?? 0;
}
const linesOf = (path: string) =>
  readFile(path, "utf8").then(
    (text) => text.split("\n").slice(0, -1),
    () => [],
  );
/** Waits until a sink has everything that is in the log now. */
async function untilAllIn(lines: () => Promise<readonly string[]> | readonly string[]) {
  const last = (await size()) - 1;
  await until(async () => {
    const delivered = orderedIndexes(deliveredIn(await lines()));
    return delivered.get(origin())?.at(-1) === last;
  });
}
const isAtSink = (path: string) => untilAllIn(() => linesOf(path));
const readyz = async (url: string) => (await fetch(`${url}/readyz`)).text();
/** Signs in at one node. Proofs are made for the URL that all nodes share. */
async function signInAt(node: TestNode, { tenant, username, password }: TestStaff) {
  const proof = new TestDevice(server).proof("POST", "/v1/sessions");
  const response = await fetch(`${node.url}/v1/sessions`, {
    method: "POST",
    headers: { dpop: proof, "content-type": "application/json" },
    body: JSON.stringify({ grant: "password", tenant, username, password }),
  });
  return { status: response.status, body: await response.json() };
}
const act = () => server.createStaff("agent");

test("each entry reaches a file and a syslog receiver in the order of its log, also when the file is rotated", async () => {
  const receiver = await SyslogReceiver.listen();
  const path = join(folder, "audit.jsonl");
  const node = await startNode(`disk=file://${path},siem=syslog+tcp://127.0.0.1:${receiver.port}`);
  await until(
    async () => (await positions()).includes("disk") && (await positions()).includes("siem"),
  );
  await act();
  await isAtSink(path);
  await rename(path, `${path}.1`);
  await act();
  const both = async () => [...(await linesOf(`${path}.1`)), ...(await linesOf(path))];
  await untilAllIn(both);
  await untilAllIn(() => receiver.messages);
  expect(await linesOf(path)).not.toEqual([]);
  const [message = ""] = receiver.messages.filter((each) => each.includes('"user.create"'));
  expect(message).toMatch(
    /^<110>1 \d{4}-\d\d-\d\dT[\d:.]+Z - sealdesk - user\.create - \{"log":"sealdesk\.local\/audit\/t\/[^"]+","index":\d+,"leaf":"[A-Za-z0-9+/]{43}=","entry":\{"action":"user\.create"/,
  );
  // The operator's log is delivered too.
  const logs = orderedIndexes(deliveredIn(await both()));
  expect([...logs.keys()]).toEqual(
    expect.arrayContaining([origin(), "sealdesk.local/audit/operator"]),
  );
  await node.close();
  await receiver.close();
});

async function positions(): Promise<string> {
  const { rows } = await server.database.owner.query<{ sink: string }>(
    "select distinct sink from audit.sink_positions",
  );
  return rows.map(({ sink }) => sink).join(" ");
}

test("a receiver that breaks connections gets every entry nevertheless", async () => {
  const receiver = await SyslogReceiver.listen();
  const node = await startNode(`breaking=syslog+tcp://127.0.0.1:${receiver.port}`);
  await until(async () => (await positions()).includes("breaking"));
  receiver.breaksAfterBytes = 100;
  for (let at = 0; at < 3; at++) await act();
  await until(() => node.logged().includes("audit entries could not be delivered"));
  receiver.breaksAfterBytes = Number.POSITIVE_INFINITY;
  await untilAllIn(() => receiver.messages);
  expect(node.logged()).not.toContain(`127.0.0.1:${receiver.port}`);
  await node.close();
  await receiver.close();
});

async function sessionsOf(user: string): Promise<number | null> {
  const { owner } = server.database;
  const { rowCount } = await owner.query("select from sealdesk.sessions where user_id = $1", [
    user,
  ]);
  return rowCount;
}

test("acts are refused while too few sinks take entries, and go on when one does", async () => {
  const path = join(folder, "required.jsonl");
  // One is a device and the other is in a folder that does not exist.
  const node = await startNode(`full=file:///dev/full,away=file://${folder}/away/audit.jsonl`, 1);
  await until(async () => (await positions()).includes("away"));
  const staff = await act();
  await until(async () => (await readyz(node.url)).includes("audit_sink_late"));
  expect(JSON.parse(await readyz(node.url))).toMatchObject({ status: "ok" });
  // One sink may be late before the other.
  await until(async () => (await signInAt(node, staff)).status === 503);
  const before = await sessionsOf(staff.id);
  expect(await signInAt(node, staff)).toMatchObject({
    status: 503,
    body: { code: "audit_sink_unavailable", action: "wait" },
  });
  expect(await sessionsOf(staff.id)).toBe(before);
  await node.close();
  // The operator replaces one of the sinks.
  const again = await startNode(`full=file:///dev/full,away=file://${path}`, 1);
  await until(async () => (await signInAt(again, staff)).status === 201);
  await isAtSink(path);
  await again.close();
});

test("with the policy to warn, acts go on while a sink takes nothing", async () => {
  const node = await startNode("warned=file:///dev/full");
  await until(async () => (await positions()).includes("warned"));
  await act();
  await until(async () => (await readyz(node.url)).includes("audit_sink_late"));
  expect((await signInAt(node, await act())).status).toBe(201);
  await node.close();
});

test("a bucket with Object Lock is given each entry, and acts are refused until it is", async () => {
  const s3 = await startRealS3();
  const Bucket = "sealdesk-test-sink";
  const options = { ...s3.options, retainMs: 86_400_000 };
  const start = () => startNode(`worm=s3://${Bucket}/desk`, 1, options);
  const node = await start();
  try {
    await until(async () => (await positions()).includes("worm"));
    const staff = await act();
    await until(async () => (await signInAt(node, staff)).status === 503);
    expect(node.logged()).toMatch(/sink_bucket_failed.*NoSuchBucket/);
    expect(node.logged()).not.toContain(Bucket);
    await s3.client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
    await until(async () => (await signInAt(node, staff)).status === 201);
    await node.close();
    await act();
    const again = await start();
    const versions = async () =>
      (await s3.client.send(new ListObjectVersionsCommand({ Bucket }))).Versions ?? [];
    await untilAllIn(async () => {
      const lines: string[] = [];
      for (const { Key } of await versions()) {
        const object = await s3.client.send(new GetObjectCommand({ Bucket, Key }));
        lines.push(...((await object.Body?.transformToString()) ?? "").split("\n"));
      }
      return lines;
    });
    await again.close();
    expect((await versions()).map(({ Key }) => Key)).toContainEqual(
      expect.stringMatching(new RegExp(`^desk/${origin()}/\\d{16}-\\d{16}\\.jsonl$`)),
    );
    for (const { Key, VersionId } of await versions())
      await expect(
        s3.client.send(
          new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention: true }),
        ),
      ).rejects.toMatchObject({ name: "AccessDenied" });
  } finally {
    await node.close();
    await s3.close();
  }
}, 240_000);
