import { inTransaction } from "../../../db/transaction.ts";
import { noteGenerations } from "../../../messaging/follow/note-generations.ts";
import { staffDevice, type TestDevice } from "../../support/device.ts";
import { helloOf, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

describe("the generation of a device's store", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  async function lastHeard(device: TestDevice, generation: number): Promise<number> {
    const socket = await RelaySocket.dial(server);
    socket.send({ kind: "hello", body: { ...helloOf(device), generation } });
    const { lastGeneration } = await socket.next("welcome");
    return lastGeneration;
  }

  test("is the highest that was heard before, for each device", async () => {
    const [device, other] = [await staffDevice(server), await staffDevice(server)];
    expect(await lastHeard(device, 1)).toBe(0);
    expect(await lastHeard(device, 5)).toBe(1);
    expect(await lastHeard(device, 2)).toBe(5);
    expect(await lastHeard(device, 6)).toBe(5);
    expect(await lastHeard(other, 1)).toBe(0);
  });

  // Two sockets cannot show it: of two at once the later one displaces the earlier, maybe unanswered.
  test("one of two hellos in one batch learns of the other", async () => {
    const { id: device, tenant } = await staffDevice(server);
    const said = { device, generation: 3 };
    const answers = await inTransaction(server.database.pool, tenant, (client) =>
      noteGenerations(client, tenant, [said, { ...said }]),
    );
    expect(new Set(answers)).toEqual(new Set([0, 3]));
  });
});
