import {
  RelayConnection,
  type RelayConnectionEvents,
} from "../../../client/transport/relay-connection.ts";
import { SealdeskError } from "../../../client/errors.ts";
import type { WebSocketConstructor } from "../../../client/runtime.ts";
import { defaultBackoff } from "../../../client/transport/backoff.ts";
import { defaultKeepalive } from "../../../client/transport/heartbeat.ts";
import { RelaySocket } from "../../../client/transport/relay-socket.ts";
import type { ChannelEvents, TransportFactory } from "../../../client/transport/channel.ts";
import { nilId, type ConversationId } from "../../../crypto/wire/ids.ts";
import { decodeFrame, encodeFrame, type Frame } from "../../../crypto/wire/frame.ts";
import { ManualClock, settle } from "./manual-clock.ts";

/** The far end of a socket, as a double. The test decides what the relay does. */
class SocketDouble {
  static made: SocketDouble[] = [];
  static get last(): SocketDouble {
    return SocketDouble.made.at(-1)!;
  }
  binaryType = "";
  readonly url: string;
  readonly sent: Frame[] = [];
  closedWith: number | undefined;
  readonly #listeners = new Map<string, (event: object) => void>();

  constructor(url: string) {
    this.url = url;
    SocketDouble.made.push(this);
  }
  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener as (event: object) => void);
  }
  send(data: Uint8Array): void {
    this.sent.push(decodeFrame(data));
  }
  close(code: number): void {
    this.closedWith = code;
  }
  happens(type: string, event: object = {}): void {
    this.#listeners.get(type)?.(event);
  }
  says(frame: Frame): void {
    this.happens("message", { data: Uint8Array.from(encodeFrame(frame)).buffer });
  }
  async welcomes(): Promise<void> {
    this.happens("open");
    this.says({ kind: "welcome", body: { device: nilId(), limits, lastGeneration: 0 } });
    await settle();
  }
}

const limitsOfLink = { ...defaultBackoff, ...defaultKeepalive };
const limits = {
  maxCiphertextBytes: 1,
  maxFrameBytes: 1,
  window: 1,
  keyMaxMessages: 1,
  keyMaxAgeMs: 1,
  revisionMs: 0,
};
const hello = {
  version: 1,
  accessToken: "token",
  deviceProof: "proof",
  includeFinished: false,
  generation: 1,
};

/** A transport whose channels do what the test says. */
function wayDouble() {
  const channels: { readonly events: ChannelEvents; closedWith?: number }[] = [];
  const way: TransportFactory = (events) => {
    const channel: (typeof channels)[number] = { events };
    channels.push(channel);
    let closed = false;
    return {
      send: () => true,
      close: (code, reason) => {
        if (closed) return;
        closed = true;
        channel.closedWith = code;
        events.onClosed(code, reason);
      },
    };
  };
  return { way, channels };
}

function start(changes: Partial<RelayConnectionEvents> = {}) {
  SocketDouble.made = [];
  const clock = new ManualClock();
  const told: string[] = [];
  const webSocket = SocketDouble as unknown as WebSocketConstructor;
  const runtime = { clock, random: () => 0.5 };
  const way: TransportFactory = (events) => new RelaySocket(webSocket, "ws://relay", events);
  const link = new RelayConnection([way], runtime, limitsOfLink, {
    hello: () => Promise.resolve(hello),
    onUp: () => told.push("up"),
    onFrame: (frame) => told.push(frame.kind),
    onDown: () => told.push("down"),
    onOutdated: () => told.push("outdated"),
    onEnd: (error) => told.push(`end: ${error.code}`),
    ...changes,
  });
  link.start();
  return { link, clock, told };
}

describe("the link to the relay", () => {
  test("sends hello, is up with the welcome, and passes on what follows", async () => {
    const { told, link } = start();
    await settle();
    expect(link.send({ kind: "ack", body: { cursors: [] } })).toBe(false);
    await SocketDouble.last.welcomes();
    SocketDouble.last.says({ kind: "synced", body: { conversation: nilId(), seq: 1 } });

    expect(SocketDouble.last.sent).toEqual([{ kind: "hello", body: hello }]);
    expect(told).toEqual(["up", "synced"]);
    await link.close();
    expect(told).toEqual(["up", "synced", "down"]);
  });

  test("is up with the heads of all frames before the welcome, however long they take", async () => {
    const heads = Array.from({ length: 5 }, (_, seq) => ({
      conversation: nilId<ConversationId>(),
      seq,
      epoch: 1,
      acknowledged: 0,
    }));
    const up: unknown[] = [];
    const { link, clock } = start({ onUp: (welcome) => void up.push(welcome.heads) });
    await settle();
    SocketDouble.last.happens("open");
    for (const head of heads) {
      await clock.pass(14_000);
      SocketDouble.last.says({ kind: "heads", body: { heads: [head] } });
    }
    expect(up).toEqual([]);
    await SocketDouble.last.welcomes();
    expect(up).toEqual([heads]);
    await link.close();
  });

  test("reconnects after a loss, with a longer wait each time", async () => {
    const { told, link, clock } = start();
    for (const waitMs of [125, 250, 500]) {
      await settle();
      const before = SocketDouble.made.length;
      SocketDouble.last.happens("close", { code: 1006, reason: "" });
      await clock.pass(waitMs - 1);
      expect(SocketDouble.made.length).toBe(before);
      await clock.pass(1);
      expect(SocketDouble.made.length).toBe(before + 1);
    }
    await SocketDouble.last.welcomes();
    await clock.pass(10_000);
    SocketDouble.last.happens("close", { code: 3001, reason: "going_away" });
    await clock.pass(125);
    expect(SocketDouble.made.length).toBe(5);
    expect(told).toEqual(["up", "down"]);
    await link.close();
  });

  test("is not kept connecting by a relay that welcomes it and sends it away at once", async () => {
    const { clock, link } = start();
    await settle();
    let connections = 0;
    for (let second = 0; second < 60; second++)
      for (let step = 0; step < 20; step++) {
        if (SocketDouble.made.length > connections) {
          connections = SocketDouble.made.length;
          await SocketDouble.last.welcomes();
          await clock.pass(5);
          SocketDouble.last.happens("close", { code: 3001, reason: "going_away" });
        }
        await clock.pass(50);
      }
    expect(connections).toBeLessThan(20);
    await link.close();
  });

  test("ends with a final refusal and does not connect again", async () => {
    const { told, clock } = start();
    await settle();
    await SocketDouble.last.welcomes();
    SocketDouble.last.happens("close", { code: 4509, reason: "displaced" });
    await clock.pass(60_000);
    expect(told).toEqual(["up", "down", "end: displaced"]);
    expect(SocketDouble.made.length).toBe(1);
    expect(clock.waiting).toBe(0);
  });

  test("reports that the token has expired", async () => {
    const { told, link } = start();
    await settle();
    SocketDouble.last.happens("open");
    SocketDouble.last.happens("close", { code: 4001, reason: "token_expired" });
    await settle();
    expect(told).toEqual(["outdated"]);
    await link.close();
  });

  test("proves itself once more if the relay refused its proof, and then not again before a welcome", async () => {
    const { told, link, clock } = start();
    await settle();
    const refuse = async () => {
      SocketDouble.last.happens("open");
      const code = "invalid_proof";
      SocketDouble.last.says({ kind: "fault", body: { code, message: "", retryAfterMs: 0 } });
      SocketDouble.last.happens("close", { code: 4501, reason: "unauthenticated" });
      await settle();
    };
    await refuse();
    expect(told).toEqual(["outdated"]);
    await clock.pass(2_000);
    await SocketDouble.last.welcomes();
    SocketDouble.last.happens("close", { code: 1006, reason: "" });
    await clock.pass(2_000);
    await refuse();
    await clock.pass(2_000);
    await refuse();
    expect(told).toEqual(["outdated", "up", "down", "outdated", "end: signed_out"]);
    await link.close();
  });

  test("gives up a socket that brings no welcome or no frames", async () => {
    const { link, clock } = start();
    await settle();
    SocketDouble.last.happens("open");
    await clock.pass(15_000);
    expect(SocketDouble.last.closedWith).toBe(3402);
    await clock.pass(125);
    await SocketDouble.last.welcomes();
    SocketDouble.last.happens("message", { data: Uint8Array.of(255, 255).buffer });
    expect(SocketDouble.last.closedWith).toBe(3400);
    await link.close();
  });

  test("probes a silent relay, and gives up one that does not answer", async () => {
    const { told, link, clock } = start();
    await settle();
    await SocketDouble.last.welcomes();
    const present = SocketDouble.last;
    const asked = () => present.sent.filter(({ kind }) => kind === "heartbeat").length;
    await clock.pass(20_000);
    present.says({ kind: "synced", body: { conversation: nilId(), seq: 1 } });
    await clock.pass(29_999);
    expect(asked()).toBe(0);
    await clock.pass(1);
    expect(asked()).toBe(1);
    present.says({ kind: "heartbeat", body: {} });
    await clock.pass(8_000 + 25_000);
    expect(asked()).toBe(2);
    await clock.pass(8_000);
    expect(present.closedWith).toBe(3402);
    expect(told).toEqual(["up", "synced", "down"]);
    await clock.pass(125);
    expect(SocketDouble.made.length).toBe(2);
    await link.close();
    expect(clock.waiting).toBe(0);
  });

  test("a hello that cannot be created is tried again or ends the link", async () => {
    let attempts = 0;
    const failures = [
      new SealdeskError("network", "away"),
      new SealdeskError("rate_limited", "slow down", { retryAfterMs: 7_000 }),
      new SealdeskError("sign_in_failed", "no longer"),
    ];
    const { told, clock } = start({ hello: () => Promise.reject(failures[attempts++]) });
    await clock.pass(125);
    expect(attempts).toBe(2);
    await clock.pass(6_999);
    expect(attempts).toBe(2);
    await clock.pass(1);
    expect(attempts).toBe(3);
    expect(told).toEqual(["end: sign_in_failed"]);
    expect(SocketDouble.made.length).toBe(0);
  });

  test("leaves no timer behind", async () => {
    const { link, clock } = start();
    await settle();
    SocketDouble.last.happens("close", { code: 1006, reason: "" });
    await settle();
    expect(clock.waiting).toBe(1);
    await link.close();
    expect(clock.waiting).toBe(0);
  });
});

describe("several transports to the relay", () => {
  const welcome: Frame = {
    kind: "welcome",
    body: { device: nilId(), limits, lastGeneration: 0 },
  };

  function upgrading() {
    const clock = new ManualClock();
    const told: string[] = [];
    const [socket, stream, poll] = [wayDouble(), wayDouble(), wayDouble()];
    const transports = [socket.way, stream.way, poll.way] as const;
    const link = new RelayConnection(
      transports,
      { clock, random: () => 0.5 },
      { ...limitsOfLink, quietMs: 1e9 },
      {
        hello: () => Promise.resolve(hello),
        onUp: () => told.push("up"),
        onFrame: (frame) => told.push(frame.kind),
        onDown: () => told.push("down"),
        onOutdated: () => told.push("outdated"),
        onEnd: (error) => told.push(`end: ${error.code}`),
      },
    );
    link.start();
    const counts = () => [socket, stream, poll].map(({ channels }) => channels.length);
    return { clock, told, link, socket, stream, poll, counts };
  }

  test("a transport that does not come up gives way to the next; one that was up is tried again", async () => {
    const { clock, told, link, socket, stream, poll, counts } = upgrading();
    await settle();
    socket.channels[0]?.events.onClosed(1006, "");
    await clock.pass(125);
    socket.channels[1]?.events.onClosed(1006, "");
    await clock.pass(250);
    expect(counts()).toEqual([2, 1, 0]);
    stream.channels[0]?.events.onClosed(1006, "");
    await clock.pass(500);
    expect(counts()).toEqual([2, 1, 1]);
    poll.channels[0]?.events.onFrame(welcome);
    poll.channels[0]?.events.onClosed(1006, "");
    await clock.pass(1_000);
    expect(counts()).toEqual([2, 1, 2]);
    // The relay answered, so this transport still works.
    poll.channels[1]?.events.onClosed(4001, "token_expired");
    await clock.pass(2_000);
    expect(counts()).toEqual([2, 1, 3]);
    expect(told).toEqual(["up", "down", "outdated"]);
    await link.close();
    expect(clock.waiting).toBe(0);
  });

  test("tries the first transport from time to time, less often each time, and uses it once it opens", async () => {
    const { clock, told, link, socket, stream, counts } = upgrading();
    await settle();
    for (const waitMs of [125, 250]) {
      socket.channels.at(-1)?.events.onClosed(1006, "");
      await clock.pass(waitMs);
    }
    stream.channels[0]?.events.onFrame(welcome);
    for (const waitMs of [15_000, 30_000, 60_000]) {
      const before = socket.channels.length;
      await clock.pass(waitMs - 1);
      expect(socket.channels.length).toBe(before);
      await clock.pass(1);
      expect(socket.channels.length).toBe(before + 1);
      if (waitMs < 60_000) socket.channels.at(-1)?.events.onClosed(1006, "");
    }
    expect(told).toEqual(["up"]);
    socket.channels.at(-1)?.events.onOpen();
    await settle();
    // The probe is over. The stream is given up, and the first transport's own channel follows at
    // once.
    expect(socket.channels.at(-2)?.closedWith).toBe(1000);
    expect(stream.channels[0]?.closedWith).toBe(3401);
    expect(counts()).toEqual([6, 1, 0]);
    socket.channels.at(-1)?.events.onFrame(welcome);
    expect(told).toEqual(["up", "down", "up"]);
    await link.close();
    expect(clock.waiting).toBe(0);
  });

  test("a probe without an answer is given up, and no probe continues after the link is closed", async () => {
    const { clock, link, socket, stream } = upgrading();
    await settle();
    for (const waitMs of [125, 250]) {
      socket.channels.at(-1)?.events.onClosed(1006, "");
      await clock.pass(waitMs);
    }
    stream.channels[0]?.events.onFrame(welcome);
    await clock.pass(15_000);
    await clock.pass(15_000);
    expect(socket.channels.at(-1)?.closedWith).toBe(1000);
    await clock.pass(30_000);
    expect(socket.channels.length).toBe(4);
    await link.close();
    expect(socket.channels.at(-1)?.closedWith).toBe(1000);
    expect(clock.waiting).toBe(0);
  });
});
