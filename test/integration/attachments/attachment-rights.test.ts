/** Who may upload, continue, remove and download. */
import { randomUUID } from "node:crypto";
import { addMember, closeConversation, removeMember } from "../../support/acts.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import type { TestServer } from "../../support/server.ts";
import { codeOf, startAttachmentServer, type AttachmentServer } from "./attachment-server.ts";
import { begin, patch, send, uploaded } from "./device-requests.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

let started: AttachmentServer;
let server: TestServer;
let customer: TestDevice;
let agent: TestDevice;
let conversation: ConversationId;
let stranger: TestDevice;
beforeAll(async () => {
  started = await startAttachmentServer();
  ({ server, customer, agent, conversation } = started);
  stranger = await staffDevice(server);
});
afterAll(() => started.close());

test("members of an open conversation may upload", async () => {
  const foreign = await customerDevice(server, randomUUID(), await server.createTenant());
  for (const [device, refusal] of [
    [stranger, 403],
    [foreign, 404],
  ] as const)
    expect((await begin(server, device, conversation, 10)).reply.status).toBe(refusal);
  const closed = await createConversation(customer, [agent]);
  const { path } = await begin(server, customer, closed, 3);
  await closeConversation(customer, closed);
  expect((await begin(server, customer, closed, 10)).reply.status).toBe(403);
  // What was under way when it was closed is not completed either.
  expect((await patch(server, customer, path, 0, new Uint8Array(3))).status).toBe(403);
  expect((await started.get(customer, path)).status).toBe(404);
});

test("only the device that began an upload may continue it", async () => {
  const { path } = await begin(server, customer, conversation, 10);
  for (const method of ["HEAD", "DELETE"])
    expect((await send(server, agent, method, path)).status).toBe(404);
  expect((await patch(server, agent, path, 0, new Uint8Array(10))).status).toBe(404);
  expect((await send(server, customer, "HEAD", path)).headers.get("upload-offset")).toBe("0");
  // A second device of the same account is another device.
  const again = await begin(server, agent, conversation, 10, path.slice(-36));
  expect(again.reply.status).toBe(409);
});

test("a device may remove its attachment while it is a member of an open conversation", async () => {
  const closed = await createConversation(customer, [agent]);
  const left = await createConversation(customer, [agent]);
  const kept = await uploaded(server, agent, closed, new Uint8Array(40));
  const alsoKept = await uploaded(server, agent, left, new Uint8Array(40));
  const { path: unfinished } = await begin(server, agent, left, 10);
  await closeConversation(customer, closed);
  await removeMember(agent, left, agent.user);
  for (const path of [kept, alsoKept]) {
    expect(await codeOf(await send(server, agent, "DELETE", path))).toEqual([403, "forbidden"]);
    expect((await started.get(customer, path)).status).toBe(200);
  }
  // Nobody else has seen an unfinished upload.
  expect((await send(server, agent, "DELETE", unfinished)).status).toBe(204);
  const refused = (await server.auditEntries()).filter(
    ({ action, outcome }) => action === "attachment.terminate" && outcome === "refused",
  );
  expect(refused.map(({ reason }) => reason)).toContain("forbidden");
});

test("present and former members may download; reads by staff and refusals are audited", async () => {
  const path = await uploaded(server, customer, conversation, new Uint8Array(50).fill(1));
  const foreign = await customerDevice(server, randomUUID(), await server.createTenant());
  expect((await started.get(foreign, path)).status).toBe(404);
  expect((await started.get(stranger, path)).status).toBe(403);
  await removeMember(agent, conversation, agent.user);
  expect((await started.get(agent, path)).status).toBe(200);
  const later = await uploaded(server, customer, conversation, new Uint8Array(50).fill(2));
  expect((await started.get(agent, later)).status).toBe(403);
  const supervisor = await staffDevice(server, "supervisor");
  await addMember(supervisor, conversation, agent.user);

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

test("a download without a token and a proof for this request is refused", async () => {
  const { path } = await begin(server, customer, conversation, 10);
  expect((await fetch(server.url + path, { method: "GET" })).status).toBe(401);
  const stolen = { dpop: customer.proof("HEAD", path, { token: customer.token }) };
  expect((await send(server, customer, "GET", path, stolen)).status).toBe(401);
});
