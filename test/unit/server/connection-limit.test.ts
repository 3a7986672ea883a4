import { ConnectionLimit } from "../../../server/connection-limit.ts";

/** A limit whose ended connections leave their places, as sockets do. */
function limited(limits: { readonly perNode: number; readonly perNetwork: number }) {
  const limit = new ConnectionLimit(limits);
  const ended: (string | undefined)[] = [];
  const enter = (network: string | undefined) => {
    const leave = limit.enter(network, () => {
      ended.push(network);
      leave?.();
    });
    return leave;
  };
  return { limit, ended, enter };
}

test("a network and the node have limited places, and a leaving connection makes room once", () => {
  const { limit, ended, enter } = limited({ perNode: 3, perNetwork: 2 });
  const [first, second] = [enter("a"), enter("a")];
  expect([first, second]).toEqual([expect.any(Function), expect.any(Function)]);
  expect(enter("a")).toBeUndefined();
  expect(enter("b")).toBeDefined();
  first?.();
  first?.();
  expect(limit.size).toBe(2);
  expect(enter("c")).toBeDefined();
  expect(enter("d")).toBeUndefined();
  expect(limit.size).toBe(3);
  expect(ended).toEqual([]);
});

test("a few networks that take every place leave some to others", () => {
  const { limit, ended, enter } = limited({ perNode: 6, perNetwork: 4 });
  for (const network of ["a", "a", "a", "a", "b", "b"]) expect(enter(network)).toBeDefined();
  expect([enter("c"), enter("c")]).toEqual([expect.any(Function), expect.any(Function)]);
  expect(ended).toEqual(["a", "a"]);
  expect([enter("a"), enter("b"), enter("c")]).toEqual([undefined, undefined, undefined]);
  expect(limit.size).toBe(6);
});

test("the many networks of one IPv6 site count as one against other sites", () => {
  const { ended, enter } = limited({ perNode: 4, perNetwork: 4 });
  const networks = ["1", "2", "3", "4"].map((subnet) => `2001:db8:1:${subnet}`);
  for (const network of networks) expect(enter(network)).toBeDefined();
  expect(enter("198.51.100.7")).toBeDefined();
  expect(enter("2001:db8:2:1")).toBeDefined();
  expect(ended).toEqual(networks.slice(0, 2));
  expect(enter("2001:db8:1:5")).toBeUndefined();
});

test("a network of a site that takes every place leaves some to other networks of the site", () => {
  const { ended, enter } = limited({ perNode: 4, perNetwork: 4 });
  for (let place = 0; place < 4; place++) expect(enter("2001:db8:1:1")).toBeDefined();
  expect([enter("2001:db8:1:2"), enter("2001:db8:1:2")]).not.toContain(undefined);
  expect(enter("2001:db8:1:2")).toBeUndefined();
  expect(ended).toEqual(["2001:db8:1:1", "2001:db8:1:1"]);
});

test("a proxy's connections are not ended, and take places from others", () => {
  const { ended, enter } = limited({ perNode: 3, perNetwork: 3 });
  for (const network of [undefined, "a", "a"]) expect(enter(network)).toBeDefined();
  expect(enter(undefined)).toBeDefined();
  expect(enter(undefined)).toBeUndefined();
  expect(enter("b")).toBeUndefined();
  expect(ended).toEqual(["a"]);
});
