import { request as httpRequest } from "node:http";
import { frameBatchType, joinFrames } from "../../../crypto/wire/frame-batch.ts";
import { encodeFrame, wireLimits } from "../../../crypto/wire/frame.ts";
import { nilId, type ConversationId } from "../../../crypto/wire/ids.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { frameOf, RelayOverHttp } from "../../support/relay-over-http.ts";
import { createConversation, helloOf, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let customer: TestDevice;
let agent: TestDevice;
let conversation: ConversationId;
beforeAll(async () => {
  server = await startTestServer({ metrics: { host: "127.0.0.1", port: 0 } });
  customer = await customerDevice(server);
  agent = await staffDevice(server);
});
beforeEach(async () => {
  conversation = await createConversation(customer, [agent]);
});
afterAll(() => server.close());

const ack = (seq: number) => ({ kind: "ack", body: { cursors: [{ conversation, seq }] } }) as const;
const typing = () =>
  ({
    kind: "activity",
    body: { conversation, kind: "typing", seq: 0, device: undefined },
  }) as const;

test("polls: messages in both directions, and on from a cursor with the next connection", async () => {
  const to = await RelaySocket.open(server, agent);
  const from = await RelayOverHttp.open(server, customer);
  const send = messageTo(conversation, [agent]);
  await from.send({ kind: "send", body: send });
  expect(await from.next("accepted")).toMatchObject({
    clientMessageId: send.clientMessageId,
    seq: 2,
  });
  expect(await to.post(messageTo(conversation, [customer]))).toMatchObject({ seq: 3 });
  const got = (await from.deliveries(2)).filter((event) => event.conversation === conversation);
  expect(got.at(-1)?.seq).toBe(3);
  await from.send(ack(3));

  const cursors = [{ conversation, seq: 2 }];
  const later = await RelayOverHttp.open(server, customer, cursors);
  const [first] = await later.deliveries(1);
  expect(first?.seq).toBe(3);
  expect(await from.closed()).toBe("4509 displaced");
  await to.close();
});

test("a stream carries frames as they come, and answers to posted frames", async () => {
  const to = await RelaySocket.open(server, agent);
  const from = await RelayOverHttp.begin(server, customer);
  const events = await from.stream();
  const kinds: string[] = [];
  const until = async (kind: string): Promise<void> => {
    while (kinds.at(-1) !== kind) {
      const { value, done } = await events.next();
      if (done === true) throw new Error(`ended without ${kind}`);
      kinds.push(frameOf(value)?.kind ?? value);
    }
  };
  await until("welcome");
  expect(kinds).toEqual([": open", "heads", "welcome"]);
  await from.send({ kind: "ack", body: { cursors: [{ conversation, seq: 1 }] } });
  await until("synced");
  await from.send({ kind: "send", body: messageTo(conversation, [agent]) });
  await until("accepted");
  await to.post(messageTo(conversation, [customer]));
  await until("deliver");
  expect(await server.scrape()).toMatch(/^sealdesk_fallback_connections\{transport="stream"\} 1$/m);
  await events.return();
  await to.close();
});

test("an answer that was lost is given again, and a body that came twice is taken once", async () => {
  const to = await RelaySocket.open(server, agent);
  const from = await RelayOverHttp.begin(server, customer);
  const { first, frames } = await from.poll(0);
  expect(first).toBe(1);
  const again = await from.poll(0);
  expect(again.frames.slice(0, frames.length)).toEqual(frames);
  const further = await from.poll(frames.length, 0);
  expect(further.first).toBe(frames.length + 1);
  // A poll that was held up on its way asks for what is forgotten; its answer says where it begins.
  expect((await from.poll(0, 0)).first).toBe(frames.length + 1);

  const twice = joinFrames([encodeFrame(typing())]);
  for (let time = 0; time < 3; time++) expect((await from.sendBytes(twice, 2)).status).toBe(204);
  const body = { ...typing().body, kind: "stopped" } as const;
  await from.sendBytes(joinFrames([encodeFrame({ kind: "activity", body })]), 3);
  expect((await to.next("activity")).kind).toBe("typing");
  expect((await to.next("activity")).kind).toBe("stopped");
  await to.close();
});

test("the latest of a device's connections stays, over any transport", async () => {
  const socket = await RelaySocket.open(server, customer);
  const polling = await RelayOverHttp.open(server, customer);
  expect(await socket.closed).toBe(4509);
  const streaming = await RelayOverHttp.begin(server, customer);
  const events = await streaming.stream();
  await events.next();
  expect(await polling.closed()).toBe("4509 displaced");
  const last = await RelaySocket.open(server, customer);
  let told = "";
  for await (const event of events) told = event;
  expect(told).toBe("event: close\ndata: 4509 displaced");
  await last.close();
});

test("a poll does not take a stream's place: the stream is told of its end", async () => {
  const relay = await RelayOverHttp.begin(server, customer);
  const events = await relay.stream();
  await events.next();
  expect((await relay.poll(0, 0)).status).toBe(410);
  const later = await RelaySocket.open(server, customer);
  let told = "";
  for await (const event of events) told = event;
  expect(told).toBe("event: close\ndata: 4509 displaced");
  await later.close();
});

test("bodies that do not end are few, and are forgotten with their requests", async () => {
  const relay = await RelayOverHttp.open(server, customer);
  // Taken before: nothing comes of it but its answer.
  const answer = async () => (await relay.sendBytes(new Uint8Array(), 1)).status;
  const unending = Array.from({ length: 4 }, () => {
    const headers = {
      "content-type": frameBatchType,
      "content-length": 10,
      "relay-connection": relay.id,
      "relay-batch": 2,
    };
    const options = { method: "POST", headers, agent: false };
    const request = httpRequest(`${server.url}/v1/relay/send`, options);
    request.on("error", () => undefined).write("x");
    return request;
  });
  while ((await answer()) !== 429);
  for (const request of unending) request.destroy();
  while ((await answer()) !== 204);
});

test("a hello whose frames are not taken displaces no connection", async () => {
  const socket = await RelaySocket.open(server, customer);
  await RelayOverHttp.begin(server, customer);
  expect(await socket.post(messageTo(conversation, [agent]))).toHaveProperty("seq");
  await socket.close();
});

test("connections that are begun and not used are few", async () => {
  const device = await customerDevice(server);
  for (let index = 0; index < 8; index++) await RelayOverHttp.begin(server, device);
  const refused = await RelayOverHttp.post(server, device, new Uint8Array());
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
    429,
    "rate_limited",
  ]);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  await (await RelaySocket.open(server, customer)).close();
});

test("a device that polls and does not acknowledge is sent no more than the window", async () => {
  const device = await customerDevice(server);
  const id = await createConversation(device, [agent]);
  const from = await RelaySocket.open(server, agent);
  for (let key = 0; key < 3; key++) {
    const { keyId, ...first } = messageTo(id, [device]);
    expect(await from.post({ ...first, keyId })).toHaveProperty("seq");
    const further = Array.from({ length: 95 }, () => messageTo(id, [device], { keyId }));
    await Promise.all(further.map((send) => from.post(send)));
  }
  const to = await RelayOverHttp.open(server, device);
  const got = await to.deliveries(256);
  expect(await to.takeNow()).toEqual([]);
  expect(got.map(({ seq }) => seq)).toEqual(got.map((_, index) => index + 1));
  await to.send({ kind: "ack", body: { cursors: [{ conversation: id, seq: 256 }] } });
  const rest = await to.deliveries(33);
  expect(rest.at(-1)?.seq).toBe(289);
  await from.close();
}, 30_000);

describe("what is refused", () => {
  const hello = () => joinFrames([encodeFrame({ kind: "hello", body: helloOf(customer) })]);
  const codeOf = async (answer: Response | Promise<Response>) => {
    const response = await answer;
    const { code } = (await response.json()) as { readonly code: string };
    return [response.status, code];
  };

  test("missing and foreign credentials, another media type and too many bytes are refused", async () => {
    const bare = { "content-type": "application/vnd.sealdesk.frames" };
    const url = `${server.url}/v1/relay/send`;
    const anonymous = fetch(url, { method: "POST", headers: bare, body: hello() });
    expect(await codeOf(anonymous)).toEqual([401, "missing_token"]);
    expect(await codeOf(fetch(`${server.url}/v1/relay/stream`))).toEqual([401, "missing_token"]);
    const json = RelayOverHttp.post(server, customer, hello(), "application/json");
    expect(await codeOf(json)).toEqual([415, "unsupported_media_type"]);
    const huge = RelayOverHttp.post(server, customer, new Uint8Array(1024 * 1024 + 1));
    expect(await codeOf(huge)).toEqual([413, "body_too_large"]);
  });

  test("an id of another node is to be asked for again, one that is over is not", async () => {
    const relay = await RelayOverHttp.open(server, customer);
    const ask = (id: string, path = "events?wait=0&after=0") =>
      fetch(`${server.url}/v1/relay/${path}`, { headers: { "relay-connection": id } });
    const elsewhere = await ask(`0123456789abcdef.${relay.id.split(".")[1]}`);
    expect(elsewhere.headers.get("connection")).toBe("close");
    expect(await codeOf(elsewhere)).toEqual([421, "connection_elsewhere"]);
    expect(await codeOf(ask(`${relay.id}x`))).toEqual([410, "connection_gone"]);
    expect(await codeOf(ask(relay.id, "stream"))).toEqual([410, "connection_gone"]);
    expect(await codeOf(ask(relay.id, "events?wait=26&after=0"))).toEqual([400, "invalid_request"]);
    expect(server.logged()).not.toContain(relay.id.split(".")[1]);
  });

  test.each([
    ["no batch of frames", Uint8Array.of(0, 0, 0, 9, 1)],
    [
      "more small frames than may hold up everybody else",
      joinFrames(
        Array.from({ length: 1025 }, () => encodeFrame({ kind: "ack", body: { cursors: [] } })),
      ),
    ],
    ["a frame that is none", joinFrames([Uint8Array.of(255, 255, 255)])],
    [
      "no hello",
      joinFrames([encodeFrame({ kind: "synced", body: { conversation: nilId(), seq: 1 } })]),
    ],
  ])("%s ends the connection: as the first body, and later", async (_, body) => {
    const begun = await RelayOverHttp.post(server, customer, body);
    expect(begun.status).toBe(201);
    const first = new RelayOverHttp(server, begun.headers.get("relay-connection") ?? "");
    expect((await first.next("fault")).code).toBe("malformed_frame");
    expect(await first.closed()).toBe("4500 protocol_error");

    const later = await RelayOverHttp.open(server, customer);
    expect((await later.sendBytes(body)).status).toBe(204);
    expect(await later.closed()).toBe("4500 protocol_error");
    expect(await codeOf(later.sendBytes(body))).toEqual([410, "connection_gone"]);
  });

  test("a frame over the limit ends the connection, and is too large for a first body", async () => {
    const body = joinFrames([new Uint8Array(wireLimits.frame + 1)]);
    expect(await codeOf(RelayOverHttp.post(server, customer, body))).toEqual([
      413,
      "body_too_large",
    ]);
    const relay = await RelayOverHttp.open(server, customer);
    expect((await relay.sendBytes(body)).status).toBe(204);
    expect(await relay.closed()).toBe("4500 protocol_error");
  });

  test("a body out of turn ends the connection", async () => {
    const relay = await RelayOverHttp.open(server, customer);
    expect((await relay.sendBytes(new Uint8Array(), 4)).status).toBe(204);
    expect(await relay.closed()).toBe("4500 protocol_error");
  });

  test("a hello with a token that is none, and a device that is revoked", async () => {
    const body = { ...helloOf(customer), accessToken: "none" };
    const bytes = joinFrames([encodeFrame({ kind: "hello", body })]);
    const begun = await RelayOverHttp.post(server, customer, bytes);
    const id = begun.headers.get("relay-connection") ?? "";
    expect(await new RelayOverHttp(server, id).closed()).toBe("4501 unauthenticated");

    const device = await customerDevice(server);
    const relay = await RelayOverHttp.open(server, device);
    expect((await device.remove(device)).status).toBeLessThan(300);
    expect(await relay.closed()).toBe("4503 device_refused");
  });
});

test("a node that is told to stop answers what it took, then says so; it begins nothing more", async () => {
  const node = await server.startNode();
  const polling = await RelayOverHttp.open(node, customer);
  const streaming = await RelayOverHttp.begin(node, agent);
  const events = await streaming.stream();
  await events.next();
  const sends = Array.from({ length: 5 }, () => messageTo(conversation, [agent]));
  await polling.send(...sends.map((body) => ({ kind: "send", body }) as const));
  const stopped = node.close();
  expect(await polling.closed()).toBe("3001 going_away");
  expect(polling.pending("accepted") + polling.pending("refused")).toBe(5);
  let told = "";
  for await (const event of events) told = event;
  expect(told).toBe("event: close\ndata: 3001 going_away");
  await stopped;
});
