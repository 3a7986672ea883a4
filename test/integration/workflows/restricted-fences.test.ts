import { newId } from "../../../tools/testkit/ids.ts";
import type { CaseId } from "../../../crypto/wire/ids.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { eraseBy, reached, withdrawErasureBy } from "../../support/erasures.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { lift, restrict } from "../../support/restrictions.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test("a node that read the head earlier stores nothing in a restricted conversation after an erasure is withdrawn", async () => {
  const officer = await staffDevice(server, "privacy_officer");
  const [customer, agent] = [await customerDevice(server, newId()), await staffDevice(server)];
  const conversation = await createConversation(customer, [agent]);
  const node = await server.startNode();
  const elsewhere = await RelaySocket.open(node, agent);
  const post = () => elsewhere.post(messageTo(conversation, [customer]));
  expect(await post()).toHaveProperty("seq");

  const erasure = (await eraseBy(officer, customer.user)).body.id as CaseId;
  await reached(server.database, erasure, "contestable");
  const restriction = await restrict(officer, customer.user);
  expect(restriction.status).toBe(201);
  expect((await withdrawErasureBy(officer, erasure)).status).toBe(204);
  expect(await post()).toMatchObject({ code: "processing_restricted" });

  expect((await lift(officer, String(restriction.body.id))).status).toBe(200);
  await until(async () => "seq" in (await post()));
  await elsewhere.close();
  await node.close();
});
