import { randomBytes, randomUUID } from "node:crypto";
import { Secret } from "../../../keys/secret.ts";
import { BatchedHints, type TransportEvents } from "../../../server/nodes/batched-hints.ts";
import { hintSeal } from "../../../server/nodes/hint-seal.ts";
import { SharedPresence } from "../../../server/nodes/shared-presence.ts";
import { TimerWheel } from "../../../server/socket/timer-wheel.ts";

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

async function startNode(channel: Channel) {
  const monotonic = () => performance.now();
  let events: TransportEvents | undefined;
  let sent = () => {};
  const presence: SharedPresence = new SharedPresence({
    wheel: new TimerWheel(monotonic, 1_000),
    monotonic,
    now: Date.now,
    offlineAfterMs: 0,
    forgetAfterMs: 60_000,
    tell: () => undefined,
    announce: (hint) => hints.announce(hint),
    conversationsOf: async () => new Map(),
    onError: (error) => {
      throw error;
    },
  });
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
  const user = randomUUID();
  one.presence.say({ tenant: randomUUID(), user, device: randomUUID() }, "online", []);
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
  one.presence.say({ tenant: randomUUID(), user, device: randomUUID() }, "idle", []);
  const later = randomUUID();
  one.presence.say({ tenant: randomUUID(), user: later, device: randomUUID() }, "idle", []);
  await other.beat();
  await one.beat();
  expect(other.presence.of(later)).toBeUndefined();
  channel.listen(other.events);
  await other.beat();
  await one.beat();
  expect(other.presence.of(later)).toMatchObject({ state: "idle" });
  await Promise.all([one.close(), other.close()]);
});
