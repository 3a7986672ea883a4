import { Liveness, type Condition } from "../../../server/socket/liveness.ts";
import { usualTimings } from "../../../server/timings.ts";

const well: Condition = { blocked: false, progress: 0, paused: false };

/** Lets time pass and checks whenever it is due. `live` says what the device does meanwhile. */
function follow(liveness: Liveness, untilMs: number, condition: (nowMs: number) => Condition) {
  const pings: number[] = [];
  for (let nowMs = 0; nowMs <= untilMs;) {
    const verdict = liveness.look(nowMs, condition(nowMs));
    if (verdict.kind === "close") return { closed: verdict.reason, at: nowMs, pings };
    if (verdict.ping) pings.push(nowMs);
    nowMs += verdict.nextMs;
  }
  return { closed: undefined, at: untilMs, pings };
}

function greeted(): Liveness {
  const liveness = new Liveness(usualTimings, 0);
  liveness.greeted();
  return liveness;
}

test("a device that sends no hello is closed after ten seconds", () => {
  const liveness = new Liveness(usualTimings, 0);
  expect(follow(liveness, 60_000, () => well)).toMatchObject({
    closed: "hello_timeout",
    at: 10_000,
  });
});

test("pings after 25 s of silence, and closes 8 s later", () => {
  const result = follow(greeted(), 300_000, () => well);
  expect(result).toMatchObject({ closed: "silent", at: 33_000 });
  expect(result.pings).toHaveLength(1);
});

test("a device that answers stays", () => {
  const liveness = greeted();
  let pings = 0;
  for (let nowMs = 0; nowMs < 600_000;) {
    const verdict = liveness.look(nowMs, well);
    if (verdict.kind === "close") throw new Error(verdict.reason);
    if (verdict.ping) {
      pings++;
      nowMs += 3_000;
      liveness.heard(nowMs);
    }
    nowMs += Math.min(verdict.nextMs, 5_000);
  }
  expect(pings).toBeGreaterThan(15);
});

test("a device that cannot be pinged is dropped after 90 s of silence", () => {
  const liveness = new Liveness({ ...usualTimings, pingEveryMs: 1e9 }, 0);
  liveness.greeted();
  const result = follow(liveness, 300_000, () => well);
  expect(result.closed).toBe("silent");
  expect(result.at).toBeGreaterThanOrEqual(90_000);
  expect(result.at).toBeLessThanOrEqual(100_000);
});

test("a device that the relay does not read from does not count as silent", () => {
  const paused = { ...well, paused: true };
  expect(follow(greeted(), 300_000, () => paused).closed).toBeUndefined();
});

test("a device blocked without progress for 30 s is stalled; with some progress it is not", () => {
  const liveness = greeted();
  const stalled = follow(liveness, 300_000, (nowMs) => {
    liveness.heard(nowMs);
    return { blocked: nowMs >= 47_000, progress: 7, paused: false };
  });
  expect(stalled.closed).toBe("stalled");
  expect(stalled.at).toBeGreaterThanOrEqual(77_000);
  expect(stalled.at).toBeLessThanOrEqual(87_000);

  const slow = greeted();
  const result = follow(slow, 300_000, (nowMs) => {
    slow.heard(nowMs);
    return { blocked: true, progress: Math.floor(nowMs / 20_000), paused: false };
  });
  expect(result.closed).toBeUndefined();
});

test("the connection ends with the access token", () => {
  const liveness = greeted();
  liveness.expiresAt(61_234);
  const result = follow(liveness, 300_000, (nowMs) => {
    liveness.heard(nowMs);
    return well;
  });
  expect(result).toMatchObject({ closed: "token_expired", at: 61_234 });
});
