import { Relay, type Subscriber } from "../../../server/socket/relay.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { DeviceId } from "../../../crypto/wire/ids.ts";

function subscriber(device: DeviceId, heardAtMs: number, sinceMicros = heardAtMs * 1000) {
  const closed: string[] = [];
  const nothing = () => undefined;
  const one: Subscriber = {
    device,
    identity: undefined,
    heardAtMs,
    sinceMicros,
    headOf: nothing,
    onEvent: nothing,
    onHead: nothing,
    onJoined: nothing,
    onRestricted: nothing,
    onLeft: nothing,
    onEphemeral: nothing,
    onErasures: nothing,
    close: (reason) => void closed.push(reason),
  };
  return { one, closed };
}

test("the latest of a device's sockets stays, whichever was admitted first", () => {
  const device = newId<DeviceId>();
  const [first, second, heldUp] = [1, 3, 2].map((heardAtMs) => subscriber(device, heardAtMs));
  const relay = new Relay();
  for (const each of [first, second, heldUp]) relay.join(each!.one, device);
  expect([first, second, heldUp].map((each) => each!.closed)).toEqual([
    ["displaced"],
    [],
    ["displaced"],
  ]);
  expect(relay.online()).toEqual([[device, 3000]]);
});

test("a socket that is heard later stays, also if the node was slow and takes it for the earlier one", () => {
  const device = newId<DeviceId>();
  const [first, second] = [subscriber(device, 1, 5000), subscriber(device, 2, 4000)];
  const relay = new Relay();
  for (const { one } of [first, second]) relay.join(one, device);
  expect([first.closed, second.closed]).toEqual([["displaced"], []]);
  // Other nodes are told the same order.
  expect(relay.online()).toEqual([[device, 5001]]);
});
