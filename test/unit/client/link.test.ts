import { Link, type LinkEvents } from "../../../client/transport/link.ts";
import { SealdeskError } from "../../../client/errors.ts";
import type { WebSocketConstructor } from "../../../client/runtime.ts";
import { defaultBackoff } from "../../../client/transport/backoff.ts";
import { RelaySocket } from "../../../client/transport/relay-socket.ts";
import type { Way } from "../../../client/transport/channel.ts";
import { nilUuid } from "../../../crypto/wire/event.ts";
import { decodeFrame, encodeFrame, type Frame } from "../../../crypto/wire/frame.ts";
import { ManualClock, settle } from "./manual-clock.ts";

/** The far end of a socket, as a double: the test says what the relay does. */
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
    this.says({ kind: "welcome", body: { device: nilUuid, heads: [], limits } });
    await settle();
  }
}

const limits = {
  maxCiphertextBytes: 1,
  maxFrameBytes: 1,
  window: 1,
  keyMaxMessages: 1,
  keyMaxAgeMs: 1,
};
const hello = { version: 1, accessToken: "token", deviceProof: "proof", cursors: [] };

function start(changes: Partial<LinkEvents> = {}) {
  SocketDouble.made = [];
  const clock = new ManualClock();
  const told: string[] = [];
  const webSocket = SocketDouble as unknown as WebSocketConstructor;
  const runtime = { clock, random: () => 0.5 };
  const way: Way = (events) => new RelaySocket(webSocket, "ws://relay", events);
  const link = new Link([way], runtime, defaultBackoff, {
    hello: () => Promise.resolve(hello),
    onUp: () => told.push("up"),
    onFrame: (frame) => told.push(frame.kind),
    onDown: () => told.push("down"),
    onTokenExpired: () => told.push("token expired"),
    onEnd: (error) => told.push(`end: ${error.code}`),
    ...changes,
  });
  link.start();
  return { link, clock, told };
}

describe("the link to the relay", () => {
  test("says hello, is up with the welcome, and hands on what follows", async () => {
    const { told, link } = start();
    await settle();
    expect(link.send({ kind: "ack", body: { cursors: [] } })).toBe(false);
    await SocketDouble.last.welcomes();
    SocketDouble.last.says({ kind: "synced", body: { conversation: nilUuid, seq: 1 } });

    expect(SocketDouble.last.sent).toEqual([{ kind: "hello", body: hello }]);
    expect(told).toEqual(["up", "synced"]);
    await link.close();
    expect(told).toEqual(["up", "synced", "down"]);
  });

  test("comes back after a loss, later after every further one", async () => {
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

  test("ends with a final refusal, and makes no further connection", async () => {
    const { told, clock } = start();
    await settle();
    await SocketDouble.last.welcomes();
    SocketDouble.last.happens("close", { code: 4509, reason: "displaced" });
    await clock.pass(60_000);
    expect(told).toEqual(["up", "down", "end: displaced"]);
    expect(SocketDouble.made.length).toBe(1);
    expect(clock.waiting).toBe(0);
  });

  test("tells when the token was too old", async () => {
    const { told, link } = start();
    await settle();
    SocketDouble.last.happens("open");
    SocketDouble.last.happens("close", { code: 4001, reason: "token_expired" });
    await settle();
    expect(told).toEqual(["token expired"]);
    await link.close();
  });

  test("gives up a socket that brings no welcome, or no frames", async () => {
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

  test("a hello that cannot be made is tried again, or is the end", async () => {
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
