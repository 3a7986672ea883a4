import type { ConversationParts } from "../../../client/conversation/conversation-parts.ts";
import { SealdeskError } from "../../../client/errors.ts";
import { RestoreCheck } from "../../../client/restore/restore-check.ts";
import { conversation, LogDouble } from "./log-double.ts";
import { setUp } from "./receiving.ts";

const backupOfMs = 10_000_000;
const restore = { number: 1, backupOfMs, declaredAtMs: backupOfMs + 3_600_000 };

/** A device that has one event. @param refresh the answer of the key log */
async function withCheck(refresh: () => Promise<void>, firstAtMs: number) {
  const device = await setUp();
  const { store, log, receiver, clock } = device;
  const relay = new LogDouble();
  relay.nowMs = firstAtMs;
  receiver.deliver(relay.created());
  await device.wait();
  await receiver.reset();
  const suite = { rotate: () => Promise.resolve() };
  const hooks = { afterRead: () => Promise.resolve() };
  const hooked = Object.assign(Object.create(store) as typeof store, {
    read: async (use: Parameters<typeof store.read>[0]) => {
      const found = await store.read(use);
      await hooks.afterRead();
      return found;
    },
    transact: store.transact.bind(store),
  });
  const keyLog = { periods: [restore], refresh };
  const check = new RestoreCheck({ store: hooked, suite, clock, keyLog });
  const sender = { reload: () => Promise.resolve() };
  const opened = { log, receiver, sender } as unknown as ConversationParts;
  return {
    hooks,
    device,
    relay,
    check,
    opened,
    head: { conversation, seq: 1, epoch: 1, acknowledged: 1 },
  };
}

const failing = (code: "network" | "key_log_inconsistent") => () =>
  Promise.reject(new SealdeskError(code, "No answer."));

test.each([
  ["it does not answer", failing("network"), "unknown", true],
  ["it answers", () => Promise.resolve(), "answered", false],
  ["its answer cannot be accepted", failing("key_log_inconsistent"), "answered", true],
])("the key log is asked for a restore, and %s", async (_, refresh, expected, asksAgain) => {
  const { device, check } = await withCheck(refresh, 1_000);
  check.suspect();
  const answer = check.ask(new AbortController().signal);
  await device.clock.pass(10_000);
  expect(await answer).toBe(expected);
  expect(check.hasForgotten([], () => 0)).toBe(asksAgain);
});

test("no comparison begins after the connection is gone", async () => {
  const { device, check, opened, head } = await withCheck(() => Promise.resolve(), backupOfMs);
  const connection = new AbortController();
  const begun = check.begin(opened, head, connection.signal);
  connection.abort();
  expect(await begun).toBeUndefined();
  expect(device.receiver.comparison.active).toBe(false);
  expect(await check.begin(opened, head, new AbortController().signal)).toBe(0);
  expect(device.receiver.comparison.active).toBe(true);
});

test("an event that arrives while nothing needs to be compared is kept", async () => {
  const started = await withCheck(() => Promise.resolve(), 1_000);
  const { hooks, device, relay, check, opened, head } = started;
  const event = relay.message(...(await device.queue("new")));
  hooks.afterRead = () => {
    device.receiver.deliver(event);
    return device.wait();
  };
  await check.begin(opened, head, new AbortController().signal);
  expect(device.log.state).toMatchObject({ seq: 2 });
});
