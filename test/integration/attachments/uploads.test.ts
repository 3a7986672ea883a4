import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Upload, type UploadOptions } from "tus-js-client";
import { directoryStore } from "../../../messaging/attachments/stores/directory-store.ts";
import { RunningDigests } from "../../../messaging/attachments/running-digests.ts";
import { sweepAttachments } from "../../../messaging/attachments/sweep.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { begin, patch, proving, send, uploaded } from "./device-requests.ts";

const day = 86_400_000;

let server: TestServer;
let folder: string;
let customer: TestDevice;
let agent: TestDevice;
let stranger: TestDevice;
let conversation: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-attachments-"));
  server = await startTestServer({ attachments: { kind: "directory", folder } });
  customer = await customerDevice(server);
  agent = await staffDevice(server);
  stranger = await staffDevice(server);
  conversation = await createConversation(customer, [agent]);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const get = (device: TestDevice, path: string, range?: string) =>
  send(server, device, "GET", path, range === undefined ? {} : { range });
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
const files = async () =>
  (await readdir(folder, { recursive: true })).filter((name) => name.includes("-"));
const codeOf = async (response: Response) =>
  [response.status, ((await response.json()) as { code: string }).code] as const;
const sweep = (now: () => number) =>
  sweepAttachments({
    pool: server.database.pool,
    store: directoryStore(folder),
    digests: new RunningDigests(),
    now,
  });
const setLimit = (column: string, bytes: number) =>
  server.database.owner.query(
    `update sealdesk.tenants set attachment_${column} = $1 where id = $2`,
    [bytes, server.tenant.id],
  );

/** Runs one of tus-js-client's uploads to its end. */
function tusUpload(data: Buffer, options: UploadOptions): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const upload: Upload = new Upload(data, {
      endpoint: `${server.url}/v1/attachments`,
      metadata: { conversation },
      retryDelays: [],
      onBeforeRequest: proving(server, customer),
      onSuccess: () => resolve(upload),
      onError: reject,
      ...options,
    });
    upload.start();
  });
}

describe("tus-js-client", () => {
  test("uploads, and members download the same bytes", async () => {
    const data = randomBytes(700_000);
    const upload = await tusUpload(data, { chunkSize: 200_000 });
    const path = upload.url!.slice(server.url.length);
    for (const member of [customer, agent]) {
      const reply = await get(member, path);
      expect(reply.status).toBe(200);
      expect(reply.headers.get("content-type")).toBe("application/octet-stream");
      expect((await bytesOf(reply)).equals(data)).toBe(true);
      const digest = createHash("sha256").update(data).digest("base64");
      expect(reply.headers.get("repr-digest")).toBe(`sha-256=:${digest}:`);
    }
  });

  test("goes on where a cut stopped it", async () => {
    const data = randomBytes(8_000_000);
    let sent = 0;
    const url = await new Promise<string>((resolve, reject) => {
      const upload: Upload = new Upload(data, {
        endpoint: `${server.url}/v1/attachments`,
        metadata: { conversation, id: randomUUID() },
        chunkSize: 3_000_000,
        onBeforeRequest: proving(server, customer),
        onChunkComplete: (_size, accepted) => {
          sent = accepted;
        },
        onProgress: (bytes) => {
          // In the middle of the second request.
          if (sent === 0 || bytes <= sent) return;
          void upload.abort().then(() => resolve(upload.url!), reject);
        },
        onError: reject,
      });
      upload.start();
    });
    expect(sent).toBe(3_000_000);

    const offsets: string[] = [];
    const resumed = await tusUpload(data, {
      uploadUrl: url,
      onBeforeRequest(request) {
        proving(server, customer)(request);
        const offset = request.getHeader("Upload-Offset");
        if (offset !== undefined) offsets.push(offset);
      },
    });
    expect(Number(offsets[0])).toBeGreaterThanOrEqual(sent);
    const reply = await get(agent, resumed.url!.slice(server.url.length));
    expect(
      createHash("sha256")
        .update(await bytesOf(reply))
        .digest("hex"),
    ).toBe(createHash("sha256").update(data).digest("hex"));
  });

  test("takes an upload back", async () => {
    const upload = await tusUpload(randomBytes(1_000), {});
    const path = upload.url!.slice(server.url.length);
    await upload.abort(true);
    expect(await codeOf(await get(customer, path))).toEqual([404, "attachment_not_found"]);
    expect((await files()).filter((name) => path.endsWith(name.slice(3)))).toEqual([]);
  });
});

describe("a range", () => {
  const data = randomBytes(200_000);
  let path: string;
  beforeAll(async () => {
    path = await uploaded(server, customer, conversation, Uint8Array.from(data));
  });

  test.each([
    ["bytes=0-0", 0, 1],
    ["bytes=100000-", 100_000, 200_000],
    ["bytes=65530-131080", 65_530, 131_081],
    ["bytes=-5", 199_995, 200_000],
    ["bytes=199999-900000", 199_999, 200_000],
  ])("%s is answered with 206", async (range, from, until) => {
    const reply = await get(agent, path, range);
    expect(reply.status).toBe(206);
    expect(reply.headers.get("content-range")).toBe(`bytes ${from}-${until - 1}/200000`);
    expect((await bytesOf(reply)).equals(data.subarray(from, until))).toBe(true);
  });

  test("past the end is answered with 416, another unit with the whole", async () => {
    const past = await get(agent, path, "bytes=200000-");
    expect([past.status, past.headers.get("content-range")]).toEqual([416, "bytes */200000"]);
    const whole = await get(agent, path, "pages=1-2");
    expect([whole.status, (await bytesOf(whole)).length]).toEqual([200, 200_000]);
  });
});

describe("who may", () => {
  test("upload: members of an open conversation", async () => {
    const foreign = await customerDevice(server, randomUUID(), await server.createTenant());
    for (const [device, refusal] of [
      [stranger, 403],
      [foreign, 404],
    ] as const)
      expect((await begin(server, device, conversation, 10)).reply.status).toBe(refusal);
    const closed = await createConversation(customer, [agent]);
    const { path } = await begin(server, customer, closed, 3);
    await customer.request("POST", `/v1/conversations/${closed}/close`);
    expect((await begin(server, customer, closed, 10)).reply.status).toBe(403);
    // What was under way when it was closed is not completed either.
    expect((await patch(server, customer, path, 0, new Uint8Array(3))).status).toBe(403);
    expect((await get(customer, path)).status).toBe(404);
  });

  test("go on with an upload: the device that began it", async () => {
    const { path } = await begin(server, customer, conversation, 10);
    for (const method of ["HEAD", "DELETE"])
      expect((await send(server, agent, method, path)).status).toBe(404);
    expect((await patch(server, agent, path, 0, new Uint8Array(10))).status).toBe(404);
    expect((await send(server, customer, "HEAD", path)).headers.get("upload-offset")).toBe("0");
    // A second device of the same account is another device.
    const again = await begin(server, agent, conversation, 10, path.slice(-36));
    expect(again.reply.status).toBe(409);
  });

  test("take an attachment back: its device, as a member of an open conversation", async () => {
    const closed = await createConversation(customer, [agent]);
    const left = await createConversation(customer, [agent]);
    const kept = await uploaded(server, agent, closed, new Uint8Array(40));
    const alsoKept = await uploaded(server, agent, left, new Uint8Array(40));
    const { path: unfinished } = await begin(server, agent, left, 10);
    await customer.request("POST", `/v1/conversations/${closed}/close`);
    await agent.request("DELETE", `/v1/conversations/${left}/members/${agent.user}`);
    for (const path of [kept, alsoKept]) {
      expect(await codeOf(await send(server, agent, "DELETE", path))).toEqual([403, "forbidden"]);
      expect((await get(customer, path)).status).toBe(200);
    }
    // Nobody else has seen an unfinished upload.
    expect((await send(server, agent, "DELETE", unfinished)).status).toBe(204);
    const refused = (await server.auditEntries()).filter(
      ({ action, outcome }) => action === "attachment.terminate" && outcome === "refused",
    );
    expect(refused.map(({ reason }) => reason)).toContain("forbidden");
  });

  test("download: members, now or then; staff is on record, and so are refusals", async () => {
    const path = await uploaded(server, customer, conversation, new Uint8Array(50).fill(1));
    const foreign = await customerDevice(server, randomUUID(), await server.createTenant());
    expect((await get(foreign, path)).status).toBe(404);
    expect((await get(stranger, path)).status).toBe(403);
    await agent.request("DELETE", `/v1/conversations/${conversation}/members/${agent.user}`);
    expect((await get(agent, path)).status).toBe(200);
    const later = await uploaded(server, customer, conversation, new Uint8Array(50).fill(2));
    expect((await get(agent, later)).status).toBe(403);
    const supervisor = await staffDevice(server, "supervisor");
    await supervisor.request("POST", `/v1/conversations/${conversation}/members`, {
      body: { user: agent.user },
    });

    const id = path.slice(-36);
    const entries = (await server.auditEntries()).filter(
      ({ details }) => (details as { attachment?: string } | undefined)?.attachment === id,
    );
    expect(entries.map(({ action, outcome }) => `${String(action)} ${String(outcome)}`)).toEqual([
      "attachment.create success",
      "attachment.complete success",
      "attachment.read refused",
      "attachment.read success",
    ]);
  });

  test("nobody without a token and a proof for this very request", async () => {
    const { path } = await begin(server, customer, conversation, 10);
    expect((await fetch(server.url + path, { method: "GET" })).status).toBe(401);
    const stolen = { dpop: customer.proof("HEAD", path, { token: customer.token }) };
    expect((await send(server, customer, "GET", path, stolen)).status).toBe(401);
  });
});

describe("limits", () => {
  test.each([
    ["max_bytes", "attachment_too_large", 413],
    ["conversation_bytes", "quota_exceeded", 507],
    ["account_bytes", "quota_exceeded", 507],
    ["tenant_bytes", "quota_exceeded", 507],
  ])("%s are kept to: %s", async (column, code, status) => {
    const { rows } = await server.database.owner.query(
      `select attachment_${column} as before from sealdesk.tenants where id = $1`,
      [server.tenant.id],
    );
    await setLimit(column, 500);
    try {
      const fresh = await createConversation(customer, [agent]);
      expect(await codeOf((await begin(server, customer, fresh, 501)).reply)).toEqual([
        status,
        code,
      ]);
    } finally {
      await setLimit(column, Number(rows[0].before));
    }
  });

  test("of a conversation hold when two begin at once, and count what is unfinished", async () => {
    const { rows } = await server.database.owner.query(
      "select attachment_conversation_bytes as before from sealdesk.tenants where id = $1",
      [server.tenant.id],
    );
    await setLimit("conversation_bytes", 1_000);
    const fresh = await createConversation(customer, [agent]);
    const begun = await Promise.all(
      [1, 2, 3, 4].map(() => begin(server, customer, fresh, 400).then(({ reply }) => reply.status)),
    );
    expect(begun.toSorted((a, b) => a - b)).toEqual([201, 201, 507, 507]);
    await setLimit("conversation_bytes", Number(rows[0].before));
  });

  test("of a request: no more bytes than announced, in their place", async () => {
    const { path } = await begin(server, customer, conversation, 10);
    expect((await patch(server, customer, path, 0, new Uint8Array(11))).status).toBe(413);
    expect((await patch(server, customer, path, 5, new Uint8Array(5))).status).toBe(409);
    const empty = await begin(server, customer, conversation, 0);
    expect(empty.reply.status).toBe(400);
    const odd = await send(server, customer, "POST", "/v1/attachments", {
      "upload-length": "10",
      "upload-metadata": "conversation Li4vLi4vZXRj",
    });
    expect(odd.status).toBe(400);
  });
});

describe("what is not completed, or not needed", () => {
  test("is removed after a day, row and bytes, and refused before that", async () => {
    const { reply, path } = await begin(server, customer, conversation, 100_000);
    expect(reply.headers.get("upload-expires")).toMatch(/GMT$/);
    await patch(server, customer, path, 0, new Uint8Array(70_000));
    const kept = await uploaded(server, customer, conversation, new Uint8Array(60));
    const mine = async () => (await files()).filter((name) => name.includes(path.slice(-36)));
    expect(await mine()).toHaveLength(1);
    server.clock.offsetMs = day - 60_000;
    await sweep(() => server.clock.now());
    expect(await mine()).toHaveLength(1);
    server.clock.offsetMs = day + 60_000;
    expect(await sweep(() => server.clock.now())).toBeGreaterThan(0);
    expect(await mine()).toHaveLength(0);
    server.clock.offsetMs = 0;
    expect((await send(server, customer, "HEAD", path)).status).toBe(404);
    expect((await get(customer, kept)).status).toBe(200);
    expect(await sweep(() => server.clock.now())).toBe(0);
  });

  test("can be taken back when its time is over, and begun again before a sweep comes", async () => {
    const { path } = await begin(server, customer, conversation, 10);
    const id = path.slice(-36);
    const { owner } = server.database;
    await owner.query("update sealdesk.attachments set expires_at_ms = 0 where id = $1", [id]);
    expect((await send(server, customer, "HEAD", path)).status).toBe(410);
    expect((await send(server, customer, "DELETE", path)).status).toBe(204);
    expect((await begin(server, customer, conversation, 10, id)).reply.status).toBe(201);
  });

  test("goes on after a sweep that was cut off", async () => {
    const path = await uploaded(server, customer, conversation, new Uint8Array(60));
    const id = path.slice(-36);
    const { owner, pool } = server.database;
    await owner.query("delete from sealdesk.attachment_references where attachment = $1", [id]);
    const store = { ...directoryStore(folder), delete: () => Promise.reject(new Error("cut")) };
    const deps = { pool, digests: new RunningDigests(), now: Date.now };
    await expect(sweepAttachments({ ...deps, store })).rejects.toThrow("cut");
    expect((await get(customer, path)).status).toBe(404);
    expect(await sweep(Date.now)).toBe(1);
    const { rowCount } = await owner.query("select from sealdesk.attachments where id = $1", [id]);
    expect(rowCount).toBe(0);
    expect((await files()).filter((name) => name.includes(id))).toEqual([]);
  });

  test("removes the others when one cannot be removed, and says so", async () => {
    const paths = [
      await uploaded(server, customer, conversation, new Uint8Array(60)),
      await uploaded(server, customer, conversation, new Uint8Array(60)),
    ];
    const ids = paths.map((path) => path.slice(-36));
    const { owner, pool } = server.database;
    await owner.query("delete from sealdesk.attachment_references where attachment = any($1)", [
      ids,
    ]);
    const usual = directoryStore(folder);
    const asked: string[] = [];
    const store: typeof usual = {
      ...usual,
      delete(id) {
        asked.push(id);
        return asked.length === 1 ? Promise.reject(new Error("stuck")) : usual.delete(id);
      },
    };
    const deps = { pool, store, digests: new RunningDigests(), now: Date.now };
    await expect(sweepAttachments(deps)).rejects.toThrow();
    const { rows } = await owner.query("select id from sealdesk.attachments where id = any($1)", [
      ids,
    ]);
    expect(rows).toEqual([{ id: asked[0] }]);
    expect(await sweep(Date.now)).toBe(1);
  });

  test("is kept as long as one conversation refers to it", async () => {
    const path = await uploaded(server, customer, conversation, new Uint8Array(60));
    const other = await createConversation(customer, [agent]);
    const { owner } = server.database;
    await owner.query(
      "insert into sealdesk.attachment_references (tenant, attachment, conversation) values ($1, $2, $3)",
      [server.tenant.id, path.slice(-36), other],
    );
    expect((await send(server, customer, "DELETE", path)).status).toBe(204);
    expect((await get(customer, path)).status).toBe(200);
    await owner.query("delete from sealdesk.attachment_references where conversation = $1", [
      other,
    ]);
    expect(await sweep(Date.now)).toBe(1);
    expect((await get(customer, path)).status).toBe(404);
  });
});

test("an upload that a crash left all but completed is completed when it is looked at", async () => {
  const data = Uint8Array.from(randomBytes(500));
  const path = await uploaded(server, customer, conversation, data);
  const id = path.slice(-36);
  await server.database.owner.query(
    "update sealdesk.attachments set state = 'uploading', sha256 = null, seq = null where id = $1",
    [id],
  );
  const file = join(folder, id.slice(-2), id);
  await rename(file, `${file}.part`);
  expect((await send(server, customer, "HEAD", path)).headers.get("upload-offset")).toBe("500");
  const reply = await get(customer, path);
  expect(await bytesOf(reply)).toEqual(Buffer.from(data));
  const digest = createHash("sha256").update(data).digest("base64");
  expect(reply.headers.get("repr-digest")).toBe(`sha-256=:${digest}:`);
});
