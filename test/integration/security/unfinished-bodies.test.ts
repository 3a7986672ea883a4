/** What strangers and members can keep in memory with bodies that do not become complete. */
import { gzipSync } from "node:zlib";
import { frameBatchType } from "../../../crypto/wire/frame-batch.ts";
import { wireLimits } from "../../../crypto/wire/frame.ts";
import { customerDevice, type TestDevice } from "../../support/device.ts";
import { RawConnection } from "../../support/raw-http.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const MEBIBYTE = 1024 * 1024;
const SIGN_IN = "POST /v1/sessions";
const SEND = "POST /v1/relay/send";
const json = { "Content-Type": "application/json" };

/** Smaller than usual, so that a slow machine reaches the limits before bodies are late. */
const heldBytes = {
  network: MEBIBYTE / 2,
  site: 4 * MEBIBYTE,
  strangers: 4 * MEBIBYTE,
  account: MEBIBYTE,
  tenant: 8 * MEBIBYTE,
  node: 16 * MEBIBYTE,
};

let server: TestServer;
const open: RawConnection[] = [];
beforeAll(async () => {
  server = await startTestServer({
    metrics: { host: "127.0.0.1", port: 0 },
    // Each test says which network it comes from.
    trustedProxies: ["127.0.0.1"],
    heldBytes,
  });
});
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await until(async () => (await bytesHeld()) === 0);
});
afterAll(() => server.close());

const connect = (): RawConnection => {
  const connection = new RawConnection(server.url);
  open.push(connection);
  return connection;
};
const bytesHeld = async (): Promise<number> =>
  Number(/^sealdesk_held_bytes (\S+)$/m.exec(await server.scrape())?.[1]);
/** A sign-in of which all but the last byte of the body is sent. */
const unfinished = (from: string, bytes: number): RawConnection => {
  const headers = { ...json, "X-Forwarded-For": from, "Content-Length": bytes };
  return connect().request(SIGN_IN, headers, " ".repeat(bytes - 1));
};
const authorised = (device: TestDevice, path: string) => ({
  Authorization: `DPoP ${device.token}`,
  DPoP: device.proof("POST", path, { token: device.token }),
});
/** Waits until all but `kept` of these are refused because their sender has too many. */
async function expectRefused(connections: readonly RawConnection[], kept: number): Promise<void> {
  let count = 0;
  for (const connection of connections)
    void connection.refusal().then(
      // One that waited for too long, on a slow machine, is refused for that.
      ([status, code]) => (count += Number(status === 429 && code === "rate_limited")),
      () => undefined,
    );
  await until(() => count >= connections.length - kept);
}

describe("strangers", () => {
  test("keep no more than one network may, and others are still served", async () => {
    const sent = Array.from({ length: 100 }, () => unfinished("203.0.113.7", 16 * 1024));
    await expectRefused(sent, 32);
    expect(await bytesHeld()).toBeLessThanOrEqual(heldBytes.network);
    const other = connect().request(
      SIGN_IN,
      { ...json, "X-Forwarded-For": "203.0.113.8", "Content-Length": 2 },
      "{}",
    );
    expect(await other.refusal()).toEqual([400, "invalid_request"]);
  });

  test("of one IPv6 /64 are one network", async () => {
    const sent = Array.from({ length: 100 }, (_, index) =>
      unfinished(`2001:db8:1:1::${index.toString(16)}`, 16 * 1024),
    );
    await expectRefused(sent, 32);
    const honest = unfinished("2001:db8:1:2::1", 16 * 1024).write(" ");
    expect(await honest.refusal()).toEqual([400, "malformed_json"]);
  });

  test("count bodies without a length as the largest that the route takes", async () => {
    const headers = { ...json, "X-Forwarded-For": "203.0.113.9", "Transfer-Encoding": "chunked" };
    const sent = Array.from({ length: 100 }, () =>
      connect().request(SIGN_IN, headers, "1\r\n{\r\n"),
    );
    await expectRefused(sent, 32);
    expect(await bytesHeld()).toBeLessThanOrEqual(heldBytes.network);
  });

  test("are told when to come again, and find room when others have left", async () => {
    const sent = Array.from({ length: 40 }, () => unfinished("203.0.113.10", 16 * 1024));
    await expectRefused(sent, 32);
    const late = unfinished("203.0.113.10", 16 * 1024);
    expect(Number((await late.answer()).headers.get("retry-after"))).toBeGreaterThan(0);
    for (const connection of sent) connection.close();
    await until(async () => (await bytesHeld()) === 0);
    const again = unfinished("203.0.113.10", 16 * 1024).write(" ");
    expect(await again.refusal()).toEqual([400, "malformed_json"]);
  });
});

describe("a body is refused before any of it is sent, when", () => {
  test.each<[string, Record<string, string | number>, number, string]>([
    ["it is announced as too large", { "Content-Length": MEBIBYTE }, 413, "body_too_large"],
    [
      "it is compressed",
      { "Content-Length": 1000, "Content-Encoding": "gzip" },
      415,
      "unsupported_media_type",
    ],
    [
      "it is compressed, and without a length",
      { "Transfer-Encoding": "chunked", "Content-Encoding": "br" },
      415,
      "unsupported_media_type",
    ],
  ])("%s", async (_why, headers, status, code) => {
    expect(
      await connect()
        .request(SIGN_IN, { ...json, ...headers })
        .refusal(),
    ).toEqual([status, code]);
  });

  test("its sender waits to be told to send it, and is refused by the headers", async () => {
    const headers = { ...json, Expect: "100-continue" };
    const tooLarge = connect().request(SIGN_IN, { ...headers, "Content-Length": MEBIBYTE });
    const { status, headers: answered } = await tooLarge.answer();
    expect([status, answered.get("connection")]).toEqual([413, "close"]);
    const nobody = connect().request("POST /v1/conversations", { ...headers, "Content-Length": 2 });
    expect(await nobody.refusal()).toEqual([401, "missing_token"]);
    const small = connect().request(SIGN_IN, { ...headers, "Content-Length": 2 });
    expect((await small.answer()).status).toBe(100);
    expect(await small.write("{}").refusal()).toEqual([400, "invalid_request"]);
  });
});

test("a compressed body does not reach a parser", async () => {
  const body = gzipSync(`[${"[],".repeat(300_000)}[]]`);
  const response = await fetch(`${server.url}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
    body,
  });
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
    415,
    "unsupported_media_type",
  ]);
});

test("a body without a length is cut off when it exceeds the limit", async () => {
  const piece = `2000\r\n${" ".repeat(0x2000)}\r\n`;
  const sent = connect().request(
    SIGN_IN,
    { ...json, "Transfer-Encoding": "chunked" },
    piece.repeat(3),
  );
  expect(await sent.refusal()).toEqual([413, "body_too_large"]);
  await sent.closed;
});

test.each(["GET /healthz", "HEAD /healthz", "OPTIONS /v1/sessions", "GET /nothing"])(
  "%s does not wait for a body, and its connection ends when the body does not come",
  async (line) => {
    const sent = connect().request(line, { "Content-Length": 100_000 });
    expect([200, 404, 413]).toContain((await sent.answer(line.startsWith("HEAD"))).status);
    await sent.closed;
  },
);

describe("a member", () => {
  test("keeps at most an account's amount over all routes, and other accounts are served", async () => {
    const [flooder, other] = [await customerDevice(server), await customerDevice(server)];
    const size = wireLimits.hello;
    const hello = (device: TestDevice, length = size) =>
      connect().request(SEND, {
        ...authorised(device, "/v1/relay/send"),
        "Content-Type": frameBatchType,
        "Content-Length": length,
      });
    expect(await hello(flooder, MEBIBYTE).refusal()).toEqual([413, "body_too_large"]);
    const sent = Array.from({ length: 80 }, () => hello(flooder));
    await expectRefused(sent, Math.floor(heldBytes.account / size));
    expect(await bytesHeld()).toBeLessThanOrEqual(heldBytes.account);
    const reply = await other.request("GET", "/v1/staff");
    expect(reply.status).toBe(200);
    const grant = { ...authorised(other, "/v1/link-requests"), ...json, "Content-Length": 2 };
    expect(await connect().request("POST /v1/link-requests", grant, "{}").refusal()).toEqual([
      400,
      "invalid_request",
    ]);
  });

  test("whose body stops is refused in time, and holds no bytes afterwards", async () => {
    const impatient = await startTestServer(
      { metrics: { host: "127.0.0.1", port: 0 } },
      { requestMs: 300 },
    );
    const sent = new RawConnection(impatient.url).request(
      SIGN_IN,
      { ...json, "Content-Length": 1000 },
      "{",
    );
    expect(await sent.refusal()).toEqual([408, "body_too_late"]);
    await sent.closed;
    const metrics = await impatient.scrape();
    expect(metrics).toMatch(/^sealdesk_held_bytes 0$/m);
    await impatient.close();
  });
});

test("requests that are sent at once without waiting for answers are limited", async () => {
  const line = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";
  const sent = connect().write(line.repeat(3));
  for (const status of [200, 200, 200]) expect((await sent.answer()).status).toBe(status);
  const device = await customerDevice(server);
  const headers = Object.entries(authorised(device, "/v1/relay/send"))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  const flood = connect().write(
    `GET /v1/staff HTTP/1.1\r\nHost: test\r\n${headers}\r\n`.repeat(40),
  );
  await flood.closed;
});

test("bytes that are not HTTP and headers that are too large are refused as problems", async () => {
  expect(await connect().write("nonsense\r\n\r\n").refusal()).toEqual([400, "invalid_request"]);
  const large = connect().request("GET /healthz", { Filler: "a".repeat(20_000) });
  expect(await large.refusal()).toEqual([431, "headers_too_large"]);
});
