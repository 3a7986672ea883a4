/** The limits of one attachment, of a conversation, of an account and of a tenant. */
import type { TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import type { TestServer } from "../../support/server.ts";
import { codeOf, startAttachmentServer, type AttachmentServer } from "./attachment-server.ts";
import { begin, patch, send } from "./device-requests.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

let started: AttachmentServer;
let server: TestServer;
let customer: TestDevice;
let agent: TestDevice;
let conversation: ConversationId;
beforeAll(async () => {
  started = await startAttachmentServer();
  ({ server, customer, agent, conversation } = started);
});
afterAll(() => started.close());

const setLimit = (column: string, bytes: number) =>
  server.database.owner.query(
    `update sealdesk.tenants set attachment_${column} = $1 where id = $2`,
    [bytes, server.tenant.id],
  );

test.each([
  ["max_bytes", "attachment_too_large", 413],
  ["conversation_bytes", "quota_exceeded", 507],
  ["account_bytes", "quota_exceeded", 507],
  ["tenant_bytes", "quota_exceeded", 507],
])("an upload over attachment_%s is refused with %s", async (column, code, status) => {
  const { rows } = await server.database.owner.query(
    `select attachment_${column} as before from sealdesk.tenants where id = $1`,
    [server.tenant.id],
  );
  await setLimit(column, 500);
  try {
    const fresh = await createConversation(customer, [agent]);
    expect(await codeOf((await begin(server, customer, fresh, 501)).reply)).toEqual([status, code]);
  } finally {
    await setLimit(column, Number(rows[0].before));
  }
});

test("uploads that begin at the same time stay within the quota of their conversation", async () => {
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

test("a request with too many bytes or another offset is refused, and so is an empty upload", async () => {
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
