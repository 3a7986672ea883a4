import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify, type JWK } from "jose";
import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { generateSigningKey, ready } from "../../../crypto/device/sodium.ts";
import { proofMaker, thumbprintOf } from "../../../client/http/device-proof.ts";
import {
  Session,
  type Credentials,
  type KeptSession,
  type SessionKeeper,
} from "../../../client/http/session.ts";
import { createExchange } from "../../../client/http/transport.ts";
import { ServerClock, type Fetch } from "../../../client/runtime.ts";
import { ManualClock } from "./manual-clock.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";

await ready;

interface Received {
  readonly line: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}
type Answer = readonly [status: number, body: unknown, headers?: Record<string, string>];

/** A session with a server double. The test gives each answer, request by request. */
async function sessionWith(
  answers: readonly Answer[],
  credentials: Credentials = { grant: "password", tenant: "t", username: "u", password: "p" },
  keptSession?: KeptSession,
) {
  const time = new ManualClock();
  const clock = new ServerClock(time);
  const received: Received[] = [];
  const waiting = [...answers];
  const fetch: Fetch = (url, { method, headers, body }) => {
    const parsed: unknown = typeof body === "string" ? JSON.parse(body) : undefined;
    received.push({ line: `${method} ${url}`, headers, body: parsed });
    const [status, answer, given = {}] = waiting.shift()!;
    return Promise.resolve({
      ok: status < 300,
      status,
      headers: { get: (name) => given[name] ?? null },
      text: () => Promise.resolve(answer === undefined ? "" : JSON.stringify(answer)),
    });
  };
  const deviceKey = generateSigningKey();
  const prove = proofMaker(deviceKey, clock);
  const { signal } = new AbortController();
  const exchange = createExchange({ baseUrl: "https://host/desk", fetch, prove, clock, signal });
  const kept: { session?: KeptSession | undefined } = { session: keptSession };
  const keeper: SessionKeeper = {
    load: async () => kept.session,
    save: async (session) => void (kept.session = session),
    forget: async () => void (kept.session = undefined),
  };
  return {
    session: new Session(exchange, credentials, clock, thumbprintOf(deviceKey), keeper),
    exchange,
    kept,
    received,
    time,
    deviceKey,
  };
}

const hour = 3_600_000;
const signedIn = (accessToken: string, expiresAtMs: number) => ({
  accessToken,
  expiresAtMs,
  session: "01928374-0000-7000-8000-000000000003",
  tenant: { id: idOf<TenantId>("01928374-0000-7000-8000-000000000001"), slug: "t" },
  user: {
    id: idOf<UserId>("01928374-0000-7000-8000-000000000002"),
    role: "agent",
    displayName: null,
  },
  accountKey: null,
});
const start = new ManualClock().now();
const ask = {
  method: "GET",
  path: "v1/staff",
  answer: z.object({ staff: z.array(z.string()) }),
} as const;
const refusal = (code: string) => ({
  type: "about:blank",
  title: "No",
  status: 401,
  code,
  detail: "No.",
});

describe("a session", () => {
  test("signs in with a proof of the device key, and sends requests with token and proof", async () => {
    const { session, received, time, deviceKey } = await sessionWith([
      [201, signedIn("first", start + hour)],
      [200, { staff: ["a"] }],
    ]);
    await session.signIn();
    expect(await session.request(ask)).toEqual({ staff: ["a"] });

    const [signIn, request] = received;
    expect(signIn).toMatchObject({
      line: "POST https://host/desk/v1/sessions",
      body: { grant: "password", tenant: "t", username: "u", password: "p" },
    });
    expect(request?.headers["authorization"]).toBe("DPoP first");
    const options = { algorithms: ["EdDSA"], typ: "dpop+jwt", currentDate: new Date(time.now()) };
    const proof = await jwtVerify(request?.headers["dpop"] ?? "", EmbeddedJWK, options);
    expect(proof.protectedHeader.jwk).toEqual({
      kty: "OKP",
      crv: "Ed25519",
      x: Buffer.from(deviceKey.publicKey).toString("base64url"),
    });
    expect(proof.payload).toMatchObject({
      htm: "GET",
      htu: "https://host/desk/v1/staff",
      iat: Math.floor(start / 1000),
      ath: createHash("sha256").update("first").digest("base64url"),
    });
    const first = await jwtVerify(signIn?.headers["dpop"] ?? "", EmbeddedJWK, options);
    expect(first.payload["ath"]).toBeUndefined();
    expect(first.payload.jti).not.toBe(proof.payload.jti);
  });

  test("renews its token before it expires, once for all waiting requests", async () => {
    const { session, received, time } = await sessionWith([
      [201, signedIn("first", start + hour)],
      [200, { accessToken: "second", expiresAtMs: start + 2 * hour }],
    ]);
    await session.signIn();
    await time.pass(hour - 61_000);
    expect(await session.accessToken()).toBe("first");
    await time.pass(2_000);
    expect(await Promise.all([session.accessToken(), session.accessToken()])).toEqual([
      "second",
      "second",
    ]);
    expect(received.map(({ line }) => line).slice(1)).toEqual([
      "POST https://host/desk/v1/sessions/current/renew",
    ]);
  });

  test("of staff is idle after a sleep in which its token could no longer be renewed", async () => {
    const credentials = { grant: "password", tenant: "t", username: "u", password: "p" } as const;
    const { session, received, time } = await sessionWith(
      [
        [201, signedIn("first", start + hour)],
        [401, refusal("token_expired")],
        [201, signedIn("second", start + 14 * hour)],
      ],
      credentials,
    );
    await session.signIn();
    await time.pass(13 * hour + 1);
    await expect(session.request(ask)).rejects.toMatchObject({ code: "session_idle" });
    expect(received).toHaveLength(1);
    // A person asks for this.
    await session.resume();
    expect(await session.accessToken()).toBe("second");
  });

  test("signs in again when the session has ended, with a new customer token", async () => {
    let made = 0;
    const token = () => `token ${++made}`;
    const { session, received } = await sessionWith(
      [
        [201, signedIn("first", start + hour)],
        [401, refusal("session_revoked")],
        [401, refusal("session_revoked")],
        [201, signedIn("second", start + hour)],
        [200, { staff: [] }],
      ],
      { grant: "customer_token", tenant: "t", token },
    );
    await session.signIn();
    expect(await session.request(ask)).toEqual({ staff: [] });
    expect(received.at(3)?.body).toEqual({
      grant: "customer_token",
      tenant: "t",
      token: "token 2",
    });
    expect(received.at(4)?.headers["authorization"]).toBe("DPoP second");
  });

  describe("that was kept", () => {
    const { accountKey: _accountKey, ...first } = signedIn("first", start + hour);
    const keptFirst = {
      ...first,
      accountKey: undefined,
      user: { ...first.user, displayName: "U" },
    };
    const renewed = { accessToken: "second", expiresAtMs: start + 2 * hour };
    const limited = { code: "rate_limited", detail: "Slow down." };

    test("is continued, and the fresh token is kept", async () => {
      const { session, received, kept } = await sessionWith([[200, renewed]], undefined, keptFirst);
      expect(await session.resume()).toMatchObject({ user: { displayName: "U" } });
      expect(received.map(({ line, headers }) => [line, headers["authorization"]])).toEqual([
        ["POST https://host/desk/v1/sessions/current/renew", "DPoP first"],
      ]);
      expect(await session.accessToken()).toBe("second");
      expect(kept.session).toMatchObject({ ...renewed, user: { displayName: "U" } });
    });

    test.each(["session_revoked", "token_expired", "invalid_token"])(
      "and is over (%s) is replaced by another",
      async (code) => {
        const { session, received, kept } = await sessionWith(
          [
            [401, refusal(code)],
            [201, signedIn("new", start + hour)],
          ],
          undefined,
          keptFirst,
        );
        await session.resume();
        expect(received[1]?.line).toBe("POST https://host/desk/v1/sessions");
        expect(kept.session).toMatchObject({ accessToken: "new" });
      },
    );

    test("is not replaced when the device was removed or the server is away", async () => {
      const { session, received } = await sessionWith(
        [
          [403, refusal("device_revoked")],
          [503, refusal("not_ready")],
        ],
        undefined,
        keptFirst,
      );
      await expect(session.resume()).rejects.toMatchObject({ code: "device_revoked" });
      await expect(session.resume()).rejects.toMatchObject({ code: "server_error" });
      expect(received).toHaveLength(2);
    });

    test("serves on when it was renewed too often, as long as its token is valid", async () => {
      const { session, time } = await sessionWith(
        [
          [429, limited],
          [429, limited],
        ],
        undefined,
        keptFirst,
      );
      await session.resume();
      expect(await session.accessToken()).toBe("first");
      await time.pass(hour);
      await expect(session.resume()).rejects.toMatchObject({ code: "rate_limited" });
    });

    test("is forgotten, and then ended on the server, also if its token has expired", async () => {
      const { session, exchange, received, kept } = await sessionWith(
        [
          [200, renewed],
          [401, refusal("token_expired")],
          [200, { ...renewed, accessToken: "third" }],
          [204, undefined],
        ],
        undefined,
        keptFirst,
      );
      await session.resume();
      const end = await session.forget();
      expect(kept.session).toBeUndefined();
      expect(received).toHaveLength(1);
      await end(exchange);
      expect(
        received.slice(1).map(({ line, headers }) => [line, headers["authorization"]]),
      ).toEqual([
        ["DELETE https://host/desk/v1/sessions/current", "DPoP second"],
        ["POST https://host/desk/v1/sessions/current/renew", "DPoP second"],
        ["DELETE https://host/desk/v1/sessions/current", "DPoP third"],
      ]);
    });
  });

  test("asks for a token for the key that signs its proofs", async () => {
    const asked: unknown[] = [];
    const token = (request: unknown) => {
      asked.push(request);
      return "a token";
    };
    const { session, received } = await sessionWith([[201, signedIn("first", start + hour)]], {
      grant: "customer_token",
      tenant: "t",
      token,
    });
    await session.signIn();
    const { protectedHeader } = await jwtVerify(received[0]?.headers["dpop"] ?? "", EmbeddedJWK, {
      currentDate: new Date(start),
    });
    const thumbprint = await calculateJwkThumbprint(protectedHeader["jwk"] as JWK);
    expect(asked).toEqual([{ thumbprint }]);
  });

  test("goes by the server's clock when the proof was refused for its time", async () => {
    const date = { date: new Date(start + 3 * hour).toUTCString() };
    const { session, received } = await sessionWith([
      [401, refusal("invalid_proof"), date],
      [201, signedIn("first", start + 4 * hour)],
    ]);
    await session.signIn();
    const [, claims = ""] = received[1]?.headers["dpop"]?.split(".") ?? [];
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({
      iat: Math.floor((start + 3 * hour) / 1000),
    });
  });

  test("reports what the server refused, and why", async () => {
    const { session } = await sessionWith([
      [401, refusal("sign_in_failed")],
      [429, { code: "rate_limited", detail: "Slow down." }, { "retry-after": "17" }],
      [500, "not a problem document"],
      [201, { accessToken: 1 }],
    ]);
    await expect(session.signIn()).rejects.toMatchObject({ code: "sign_in_failed", status: 401 });
    await expect(session.signIn()).rejects.toMatchObject({
      code: "rate_limited",
      retryAfterMs: 17_000,
      message: "Slow down.",
    });
    await expect(session.signIn()).rejects.toMatchObject({ code: "server_error", status: 500 });
    await expect(session.signIn()).rejects.toMatchObject({
      code: "invalid_response",
      message: "The server's answer is not valid at answer.accessToken.",
    });
  });
});
