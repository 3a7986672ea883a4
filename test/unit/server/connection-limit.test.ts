import { ConnectionLimit } from "../../../server/connection-limit.ts";

test("a network and the node have limited places, and a leaving connection makes room once", () => {
  const room = new ConnectionLimit({ perNode: 3, perNetwork: 2 });
  const [first, second] = [room.enter("a"), room.enter("a")];
  expect([first, second]).toEqual([expect.any(Function), expect.any(Function)]);
  expect(room.enter("a")).toBeUndefined();
  expect(room.enter("b")).toBeDefined();
  expect(room.enter("c")).toBeUndefined();
  first?.();
  first?.();
  expect(room.size).toBe(2);
  expect(room.enter("c")).toBeDefined();
  expect(room.enter("d")).toBeUndefined();
});
