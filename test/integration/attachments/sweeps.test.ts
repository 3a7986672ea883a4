/** Attachments that are removed: not completed in time, or in no conversation any more. */
import { directoryStore } from "../../../messaging/attachments/stores/directory-store.ts";
import { RunningDigests } from "../../../messaging/attachments/running-digests.ts";
import { sweepAttachments } from "../../../messaging/attachments/sweep.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { placeHold, releaseHold } from "../../support/holds.ts";
import { createConversation } from "../../support/relay-socket.ts";
import type { TestServer } from "../../support/server.ts";
import { codeOf, startAttachmentServer, type AttachmentServer } from "./attachment-server.ts";
import { begin, patch, send, uploaded } from "./device-requests.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

const day = 86_400_000;

let started: AttachmentServer;
let server: TestServer;
let folder: string;
let customer: TestDevice;
let agent: TestDevice;
let conversation: ConversationId;
beforeAll(async () => {
  started = await startAttachmentServer();
  ({ server, folder, customer, agent, conversation } = started);
});
afterAll(() => started.close());

test("an upload that was not completed is removed after a day, and not before", async () => {
  const { reply, path } = await begin(server, customer, conversation, 100_000);
  expect(reply.headers.get("upload-expires")).toMatch(/GMT$/);
  await patch(server, customer, path, 0, new Uint8Array(70_000));
  const kept = await uploaded(server, customer, conversation, new Uint8Array(60));
  const mine = async () => (await started.files()).filter((name) => name.includes(path.slice(-36)));
  expect(await mine()).toHaveLength(1);
  const age = (ms: number) =>
    server.database.owner.query(
      "update sealdesk.attachments set expires_at_ms = expires_at_ms - $2 where id = $1",
      [path.slice(-36), ms],
    );
  await age(day - 60_000);
  await started.sweep(() => server.clock.now());
  expect(await mine()).toHaveLength(1);
  // A node whose clock jumped a day ahead removes nothing.
  await started.sweep(() => server.clock.now() + day);
  expect(await mine()).toHaveLength(1);
  await age(120_000);
  expect(await started.sweep(() => server.clock.now())).toBeGreaterThan(0);
  expect(await mine()).toHaveLength(0);
  expect((await send(server, customer, "HEAD", path)).status).toBe(404);
  expect((await started.get(customer, kept)).status).toBe(200);
  expect(await started.sweep(() => server.clock.now())).toBe(0);
});

test("a device can remove its expired upload, and begin it again before a sweep", async () => {
  const { path } = await begin(server, customer, conversation, 10);
  const id = path.slice(-36);
  const { owner } = server.database;
  await owner.query("update sealdesk.attachments set expires_at_ms = 0 where id = $1", [id]);
  expect((await send(server, customer, "HEAD", path)).status).toBe(410);
  expect((await send(server, customer, "DELETE", path)).status).toBe(204);
  expect((await begin(server, customer, conversation, 10, id)).reply.status).toBe(201);
});

test("a sweep finishes what an interrupted sweep began", async () => {
  const path = await uploaded(server, customer, conversation, new Uint8Array(60));
  const id = path.slice(-36);
  const { owner, pool } = server.database;
  await owner.query("delete from sealdesk.attachment_references where attachment = $1", [id]);
  const store = { ...directoryStore(folder), delete: () => Promise.reject(new Error("cut")) };
  const deps = { pool, digests: new RunningDigests(), now: Date.now };
  await expect(sweepAttachments({ ...deps, store })).rejects.toThrow("cut");
  expect((await started.get(customer, path)).status).toBe(404);
  expect(await started.sweep(Date.now)).toBe(1);
  const { rowCount } = await owner.query("select from sealdesk.attachments where id = $1", [id]);
  expect(rowCount).toBe(0);
  expect((await started.files()).filter((name) => name.includes(id))).toEqual([]);
});

test("a sweep that cannot remove one attachment removes the others, and fails", async () => {
  const paths = [
    await uploaded(server, customer, conversation, new Uint8Array(60)),
    await uploaded(server, customer, conversation, new Uint8Array(60)),
  ];
  const ids = paths.map((path) => path.slice(-36));
  const { owner, pool } = server.database;
  await owner.query("delete from sealdesk.attachment_references where attachment = any($1)", [ids]);
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
  expect(await started.sweep(Date.now)).toBe(1);
});

test("an attachment is kept while one conversation refers to it", async () => {
  const path = await uploaded(server, customer, conversation, new Uint8Array(60));
  const other = await createConversation(customer, [agent]);
  const { owner } = server.database;
  await owner.query(
    "insert into sealdesk.attachment_references (tenant, attachment, conversation) values ($1, $2, $3)",
    [server.tenant.id, path.slice(-36), other],
  );
  expect((await send(server, customer, "DELETE", path)).status).toBe(204);
  expect((await started.get(customer, path)).status).toBe(200);
  await owner.query("delete from sealdesk.attachment_references where conversation = $1", [other]);
  expect(await started.sweep(Date.now)).toBe(1);
  expect((await started.get(customer, path)).status).toBe(404);
});

test("an attachment that a hold or a lock preserves is not taken back, and nobody is told why", async () => {
  const tenant = await server.createTenant();
  const writing = await customerDevice(server, undefined, tenant);
  const member = await staffDevice(server, "agent", tenant);
  const [officer, second] = [
    await staffDevice(server, "compliance_officer", tenant),
    await staffDevice(server, "compliance_officer", tenant),
  ];
  const talk = await createConversation(writing, [member]);
  const upload = () => uploaded(server, writing, talk, new Uint8Array(60));
  const remove = (path: string) => send(server, writing, "DELETE", path);
  const path = await upload();
  const { id } = (await placeHold(server, officer, officer, { conversation: talk })).body;
  expect(await codeOf(await remove(path))).toEqual([403, "forbidden"]);
  expect((await started.get(writing, path)).status).toBe(200);
  const refused = (await server.auditEntries(tenant)).filter(
    ({ action, outcome }) => action === "attachment.terminate" && outcome === "refused",
  );
  expect(refused).toHaveLength(1);
  expect(JSON.stringify(refused)).toContain("preserved");
  // What nobody else has seen is not a record yet.
  const { path: begun } = await begin(server, writing, talk, 10);
  expect((await remove(begun)).status).toBe(204);

  await releaseHold(officer, second, id);
  expect((await remove(path)).status).toBe(204);
  const locked = await upload();
  const citation = "17 CFR 240.17a-4(b)(4)";
  const lock = await officer.request("POST", "/v1/retention/locks", {
    body: { days: 90, citation },
  });
  expect(lock.status).toBe(201);
  expect(await codeOf(await remove(locked))).toEqual([403, "forbidden"]);
});
