import { encodeFrame } from "../../../crypto/wire/frame.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { FairShares } from "../../../policies/fair-shares.ts";
import type { Channel } from "../../../server/socket/channel.ts";
import { Connection } from "../../../server/socket/connection.ts";
import type { ConnectionDeps } from "../../../server/socket/connection-deps.ts";
import { HttpConnections } from "../../../server/socket/http-connections.ts";
import { LoopShares } from "../../../server/socket/loop-shares.ts";
import { Relay } from "../../../server/socket/relay.ts";
import { usualTimings } from "../../../server/timings.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

const holder = (tenant: string, account: string) => ({
  tenant: idOf<TenantId>(tenant),
  account: idOf<UserId>(account),
});
const MIB = 1024 * 1024;

function depsOf(sockets = new FairShares({ node: 10, tenant: 4, account: 2 })) {
  const deps = {
    timings: usualTimings,
    monotonic: () => 0,
    wheel: { schedule: () => undefined, cancel: () => undefined },
    open: new Set(),
    onFault: () => undefined,
    closeReasonOf: () => "try_again",
    relay: new Relay(() => undefined),
    presence: { leave: () => undefined },
    sockets,
    frameLimits: { count: () => 0 },
    loopShares: new LoopShares(() => 0),
    // Never answered, so that the connections stay as they are.
    followed: () => new Promise(() => undefined),
    authenticate: async ({ hello }: { hello: { accessToken: string } }) => {
      const { accessToken } = hello;
      const [tenant = "", user = "", device = ""] = accessToken.split(" ");
      return { actor: { tenant, user, device, session: device }, sinceMicros: 0, tokenServesMs: 1 };
    },
  };
  return deps as unknown as ConnectionDeps;
}

/** Says hello on a new connection. @returns why it was closed, if it was, and what closes it */
async function connected(deps: ConnectionDeps, who: string) {
  let closedFor: string | undefined;
  const channel = { transmit: () => undefined, close: (reason: string) => (closedFor = reason) };
  const connection = new Connection(channel as unknown as Channel, deps);
  const body = {
    version: 1,
    accessToken: who,
    deviceProof: "",
    generation: 1,
    includeFinished: false,
  };
  connection.onFrame(encodeFrame({ kind: "hello", body }));
  await new Promise((resolve) => setImmediate(resolve));
  return { closedFor: () => closedFor, close: () => connection.onClosed() };
}

test("an account that has its share of relay connections is refused alone", async () => {
  const deps = depsOf();
  const first = await connected(deps, "t user 1");
  expect([first.closedFor(), (await connected(deps, "t user 2")).closedFor()]).toEqual([
    undefined,
    undefined,
  ]);
  expect((await connected(deps, "t user 3")).closedFor()).toBe("try_again");
  expect((await connected(deps, "t other 4")).closedFor()).toBeUndefined();
  expect((await connected(deps, "u user 5")).closedFor()).toBeUndefined();
  first.close();
  first.close();
  expect((await connected(deps, "t user 6")).closedFor()).toBeUndefined();
  expect(deps.sockets.held).toBe(4);
});

test("hellos whose answer is not taken fill no other account's or tenant's space", () => {
  const connections = new HttpConnections(depsOf());
  const hello = new Uint8Array(MIB);
  const begin = (tenant: string, account: string) =>
    connections.begin(holder(tenant, account), hello, undefined).kind;
  for (let index = 0; index < 4; index++) expect(begin("hostile", "0")).toBe("begun");
  expect(begin("hostile", "0")).toBe("overloaded");
  for (let account = 1; account < 200; account++)
    for (let index = 0; index < 4; index++) begin("hostile", `${account}`);
  for (let index = 0; index < 4; index++) expect(begin("other", "x")).toBe("begun");
});
