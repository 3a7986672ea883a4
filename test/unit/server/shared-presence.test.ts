import { randomBytes, randomUUID } from "node:crypto";
import { Secret } from "../../../keys/secret.ts";
import { BatchedHints, type TransportEvents } from "../../../server/nodes/batched-hints.ts";
import { hintSeal } from "../../../server/nodes/hint-seal.ts";
import { SharedPresence, type SharedPresenceDeps } from "../../../server/nodes/shared-presence.ts";
import { TimerWheel } from "../../../server/socket/timer-wheel.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { TenantId, UserId, DeviceId } from "../../../crypto/wire/ids.ts";

const key = new Secret<Uint8Array>(randomBytes(32));

/** A channel on which a node can send before it listens, like Redis with two connections. */
class Channel {
  readonly #listeners = new Set<TransportEvents>();

  listen(node: TransportEvents): void {
    this.#listeners.add(node);
    node.onListening();
  }

  deafen(node: TransportEvents): void {
    this.#listeners.delete(node);
  }

  send(payloads: readonly string[]): void {
    for (const payload of payloads) for (const { onPayload } of this.#listeners) onPayload(payload);
  }
}

const FORGET_AFTER_MS = 60_000;

const presenceOf = (
  monotonic: () => number,
  announce: SharedPresenceDeps["announce"],
): SharedPresence =>
  new SharedPresence({
    wheel: new TimerWheel(monotonic, 1_000),
    monotonic,
    now: Date.now,
    offlineAfterMs: 0,
    forgetAfterMs: FORGET_AFTER_MS,
    tell: () => undefined,
    announce,
    conversationsOf: async () => new Map(),
    onError: (error) => {
      throw error;
    },
  });

async function startNode(channel: Channel) {
  let events: TransportEvents | undefined;
  let sent = () => {};
  const presence = presenceOf(
    () => performance.now(),
    (hint) => hints.announce(hint),
  );
  const hints: BatchedHints = await BatchedHints.open({
    node: randomUUID(),
    seal: hintSeal(() => [key]),
    flushMs: 0,
    listener: {
      onHint: ({ presences }, from) => presence.onHeard(from, presences),
      onListening: () => presence.onListening(),
    },
    onLost: () => undefined,
    open: async (given) => {
      events = given;
      return {
        async send(payloads) {
          channel.send(payloads);
          sent();
        },
        close: async () => undefined,
      };
    },
  });
  if (events === undefined) throw new Error("the transport was not opened");
  return {
    presence,
    events,
    beat: () => {
      const done = new Promise<void>((resolve) => (sent = resolve));
      hints.beat();
      return done;
    },
    close: () => hints.close(),
  };
}

test("a node that was heard before it listened is told everything when it listens", async () => {
  const channel = new Channel();
  const [one, other] = [await startNode(channel), await startNode(channel)];
  channel.listen(one.events);
  const user = newId<UserId>();
  one.presence.say({ tenant: newId<TenantId>(), user, device: newId<DeviceId>() }, "online", []);
  // The other node is heard, but hears nothing yet.
  await other.beat();
  await one.beat();
  expect(other.presence.of(user)).toBeUndefined();

  channel.listen(other.events);
  await other.beat();
  await one.beat();
  expect(other.presence.of(user)).toMatchObject({ state: "online" });
  // The same when it was deaf for a while, as after a restart of Redis.
  channel.deafen(other.events);
  one.presence.say({ tenant: newId<TenantId>(), user, device: newId<DeviceId>() }, "idle", []);
  const later = newId<UserId>();
  one.presence.say(
    { tenant: newId<TenantId>(), user: later, device: newId<DeviceId>() },
    "idle",
    [],
  );
  await other.beat();
  await one.beat();
  expect(other.presence.of(later)).toBeUndefined();
  channel.listen(other.events);
  await other.beat();
  await one.beat();
  expect(other.presence.of(later)).toMatchObject({ state: "idle" });
  await Promise.all([one.close(), other.close()]);
});

test("users whom a node does not announce again after this node was deaf are gone", () => {
  let nowMs = 0;
  const presence = presenceOf(
    () => nowMs,
    () => undefined,
  );
  const node = { node: randomUUID(), listeningSinceMs: 1 };
  const tenant = newId<TenantId>();
  const [stayed, left] = [newId<UserId>(), newId<UserId>()];
  const announced = (user: UserId) => ({ tenant, user, state: "online", sinceMs: 1 }) as const;
  presence.onHeard(node, [announced(stayed), announced(left)]);
  nowMs = 10_000;
  presence.onListening();
  presence.onHeard(node, [announced(stayed)]);
  presence.forgetSilent();
  expect(presence.elsewhere(tenant)).toEqual([stayed, left]);
  nowMs += FORGET_AFTER_MS;
  presence.onHeard(node, []);
  presence.forgetSilent();
  expect(presence.elsewhere(tenant)).toEqual([stayed]);
});
