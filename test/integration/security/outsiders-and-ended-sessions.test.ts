import { randomUUID } from "node:crypto";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe("a non-member learns only that the conversation is not found", () => {
  test.each<[string, object]>([
    ["a stale message id", { clientMessageId: randomUUID() }],
    ["another epoch", { epoch: 9 }],
    ["too large a ciphertext", { ciphertext: new Uint8Array(70_000) }],
    ["packets for nobody", { packets: [] }],
  ])("with %s", async (_what, changes) => {
    const customer = await customerDevice(server);
    const agent = await staffDevice(server);
    const conversation = await createConversation(customer, [agent]);
    for (const outsider of [
      await customerDevice(server),
      await staffDevice(server, "supervisor", await server.createTenant()),
    ]) {
      const socket = await RelaySocket.open(server, outsider);
      const answer = await socket.post({ ...messageTo(conversation, [agent]), ...changes });
      expect(answer).toMatchObject({
        code: "conversation_not_found",
        epoch: 0,
        devices: [],
        missing: [],
        extra: [],
        stale: [],
      });
      await socket.close();
    }
  });
});

describe("an open socket ends with what it was opened on", () => {
  test("when the device is revoked by another of the account: for good", async () => {
    const subject = randomUUID();
    const first = await customerDevice(server, subject);
    const second = new TestDevice(server);
    second.joinAccountOf(first);
    await second.signInAsCustomer(subject);
    await second.register();
    const kept = await RelaySocket.open(server, first);
    const socket = await RelaySocket.open(server, second);
    expect((await first.remove(second)).status).toBe(204);
    expect(await socket.closed).toBe(4503);
    expect(kept.socket.readyState).toBe(kept.socket.OPEN);
    await kept.close();
  });

  test("when its session is closed", async () => {
    const device = await customerDevice(server);
    const socket = await RelaySocket.open(server, device);
    expect((await device.request("DELETE", "/v1/sessions/current")).status).toBe(204);
    expect(await socket.closed).toBe(4501);
  });

  test("but not when another session of the device is closed", async () => {
    const subject = randomUUID();
    const device = await customerDevice(server, subject);
    const socket = await RelaySocket.open(server, device);
    await device.signInAsCustomer(subject);
    expect((await device.request("DELETE", "/v1/sessions/current")).status).toBe(204);
    expect(socket.socket.readyState).toBe(socket.socket.OPEN);
    await socket.close();
  });
});
