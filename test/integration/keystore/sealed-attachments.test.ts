import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKeystorePool } from "../../../db/pool.ts";
import { destroyScopes } from "../../../keys/at-rest/destroy.ts";
import { begin, patch, send, uploaded } from "../attachments/device-requests.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-attachments-"));
  server = await startTestServer({ attachments: { kind: "directory", folder } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test("a stored file holds no byte of the device's file, and is gone once its key is gone", async () => {
  const customer = await customerDevice(server);
  const agent = await staffDevice(server);
  const conversation = await createConversation(customer, [agent]);
  const bytes = randomBytes(100_000);
  const path = await uploaded(server, customer, conversation, bytes);
  const id = path.slice(-36);
  const stored = await readFile(join(folder, id.slice(-2), id));
  expect(stored).toHaveLength(bytes.length + 2 * 28);
  for (let at = 0; at + 32 <= bytes.length; at += 1000)
    expect(stored.includes(bytes.subarray(at, at + 32))).toBe(false);

  const get = () => send(server, agent, "GET", path, { range: "bytes=70001-70100" });
  expect(Buffer.from(await (await get()).arrayBuffer())).toEqual(bytes.subarray(70_001, 70_101));

  const half = await begin(server, customer, conversation, bytes.length);
  await patch(server, customer, half.path, 0, bytes.subarray(0, 500));
  const keystore = createKeystorePool(server.loginUrl, { max: 1 });
  await destroyScopes(
    { keystore, apart: undefined, now: Date.now },
    customer.tenant,
    { subject: customer.user, author: customer.user },
    { actor: { kind: "system", id: "test" } },
  );
  await keystore.end();
  await until(async () => (await get()).status === 410);
  expect(await (await get()).json()).toMatchObject({ code: "key_destroyed" });
  // Neither does an upload go on, nor a new one begin.
  const more = await patch(server, customer, half.path, 500, bytes.subarray(500));
  expect(more.status).toBe(410);
  const next = await begin(server, customer, conversation, 10);
  expect(next.reply.status).toBe(410);
});
