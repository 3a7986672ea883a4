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

  test("two hellos at one moment are each told of the other, or the first of none", async () => {
    const device = await staffDevice(server);
    const answers = await Promise.all([lastHeard(device, 3), lastHeard(device, 3)]);
    expect(answers.toSorted()).toEqual([0, 3]);
  });
});
