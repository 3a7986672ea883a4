/** Requests that ask for another protocol. */
import { TestDevice } from "../../support/device.ts";
import { RawConnection } from "../../support/raw-http.ts";
import { askForWebSocket } from "../../support/raw-web-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
const open: RawConnection[] = [];
beforeAll(async () => {
  server = await startTestServer();
});
afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});
afterAll(() => server.close());

/** As sent by Java's HttpClient and by `curl --http2`. */
const h2c = {
  Connection: "Upgrade, HTTP2-Settings",
  Upgrade: "h2c",
  "HTTP2-Settings": "AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA",
};
const track = (connection: RawConnection): RawConnection => {
  open.push(connection);
  return connection;
};
const ask = (line: string, headers: Record<string, string | number>, body = ""): RawConnection =>
  track(new RawConnection(server.url).request(line, headers, body));

test.each<[string, Record<string, string>]>([
  ["h2c", h2c],
  ["h2c, with a connection that is kept", { ...h2c, Connection: "keep-alive, Upgrade" }],
  ["TLS", { Connection: "Upgrade", Upgrade: "TLS/1.2, HTTP/1.1" }],
])("an ordinary request that offers %s is answered as if it did not", async (_what, headers) => {
  const connection = ask("GET /healthz", headers);
  expect((await connection.answer()).status).toBe(200);
  // The connection goes on, and may offer it again.
  connection.request("GET /nothing", headers);
  expect(await connection.refusal()).toEqual([404, "not_found"]);
  connection.request("GET /healthz");
  expect((await connection.answer()).status).toBe(200);
});

test("a request with a body and an offer is served, however the body arrives", async () => {
  const device = new TestDevice(server);
  const { tenant, username, password } = await server.createStaff("agent");
  const body = JSON.stringify({ grant: "password", tenant, username, password });
  const headers = () => ({
    ...h2c,
    "Content-Type": "application/json",
    "Content-Length": body.length,
    DPoP: device.proof("POST", "/v1/sessions"),
  });
  expect((await ask("POST /v1/sessions", headers(), body).answer()).status).toBe(201);
  const late = ask("POST /v1/sessions", headers(), body.slice(0, 10));
  expect((await late.write(body.slice(10)).answer()).status).toBe(201);
  const chunked = { ...headers(), "Transfer-Encoding": "chunked" };
  const { "Content-Length": _length, ...unsized } = chunked;
  const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  expect((await ask("POST /v1/sessions", unsized, chunks).answer()).status).toBe(201);
  const posted = ask("POST /v1/sessions", { ...headers(), Upgrade: "websocket" }, body);
  expect((await posted.answer()).status).toBe(201);
});

test.each<[string, Record<string, string>, string, number, string]>([
  ["for another path", {}, "/v1/elsewhere", 404, "not_found"],
  ["for a path of the API", {}, "/healthz", 404, "not_found"],
  [
    "without the protocol",
    { "Sec-WebSocket-Protocol": "chat" },
    "/v1/relay",
    400,
    "invalid_request",
  ],
  ["of another version", { "Sec-WebSocket-Version": "77" }, "/v1/relay", 400, "invalid_request"],
  ["without a key", { "Sec-WebSocket-Key": "short" }, "/v1/relay", 400, "invalid_request"],
])("a WebSocket %s is refused as a problem", async (_what, headers, path, status, code) => {
  const connection = track(askForWebSocket(server.url, headers, path));
  const answer = await connection.answer();
  expect([answer.status, answer.headers.get("content-type")]).toEqual([
    status,
    "application/problem+json",
  ]);
  expect(JSON.parse(answer.body)).toMatchObject({ status, code });
  await connection.closed;
});
