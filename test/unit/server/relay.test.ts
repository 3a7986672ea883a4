import { Relay, type Subscriber } from "../../../server/socket/relay.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { DeviceId } from "../../../crypto/wire/ids.ts";

function subscriber(device: DeviceId, sinceMicros: number) {
  const closed: string[] = [];
  const nothing = () => undefined;
  const one: Subscriber = {
    device,
    identity: undefined,
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
  const [first, second, heldUp] = [1, 3, 2].map((sinceMicros) => subscriber(device, sinceMicros));
  const relay = new Relay();
  for (const each of [first, second, heldUp]) relay.join(each!.one, device);
  expect([first, second, heldUp].map((each) => each!.closed)).toEqual([
    ["displaced"],
    [],
    ["displaced"],
  ]);
  expect(relay.online()).toEqual([[device, 3]]);
});
