/** Uploads that are refused leave nothing behind, and the answer says what was wrong. */
import { randomUUID } from "node:crypto";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { RawConnection } from "../../support/raw-http.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { begin, patch, send, uploaded } from "./device-requests.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

const PATH = "/v1/attachments";
const BYTES = "application/offset+octet-stream";

let server: TestServer;
let customer: TestDevice;
let conversation: ConversationId;
beforeAll(async () => {
  server = await startTestServer();
  customer = await customerDevice(server);
  conversation = await createConversation(customer, [await staffDevice(server)]);
});
afterAll(() => server.close());

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const metadata = () => `conversation ${base64(conversation)}`;
const codeOf = async (response: Response) => {
  expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  return [response.status, ((await response.json()) as { code: string }).code] as const;
};
/** Rows and audit entries of attachments. */
async function traces(): Promise<readonly number[]> {
  const { rows } = await server.database.owner.query<{ count: number }>(
    "select count(*)::int as count from sealdesk.attachments",
  );
  const entries = (await server.auditEntries()).filter(({ action }) =>
    String(action).startsWith("attachment."),
  );
  return [rows[0]?.count ?? 0, entries.length];
}

describe("a creation leaves nothing behind when", () => {
  test.each<[string, () => Record<string, string>, number, string]>([
    [
      "its metadata is not base64",
      () => ({ "upload-metadata": `${metadata()},name %%%` }),
      400,
      "invalid_request",
    ],
    [
      "its metadata is not in pairs",
      () => ({ "upload-metadata": `${metadata()},a b c` }),
      400,
      "invalid_request",
    ],
    [
      "a key comes twice",
      () => ({ "upload-metadata": `${metadata()},${metadata()}` }),
      400,
      "invalid_request",
    ],
    [
      "its metadata has no conversation",
      () => ({ "upload-metadata": "name" }),
      400,
      "invalid_request",
    ],
    ["its metadata is empty", () => ({ "upload-metadata": "" }), 400, "invalid_request"],
    [
      "its id is a path",
      () => ({ "upload-metadata": `${metadata()},id ${base64("../../x")}` }),
      400,
      "invalid_request",
    ],
    ["its length has a leading zero", () => ({ "upload-length": "010" }), 400, "invalid_request"],
    ["its length is no whole number", () => ({ "upload-length": "1e3" }), 400, "invalid_request"],
    ["it is empty", () => ({ "upload-length": "0" }), 400, "invalid_request"],
    ["its length is deferred", () => ({ "upload-defer-length": "1" }), 400, "invalid_request"],
    ["it is a part", () => ({ "upload-concat": "partial" }), 400, "invalid_request"],
    ["it joins parts", () => ({ "upload-concat": "final;/a /b" }), 400, "invalid_request"],
    [
      "it speaks another version",
      () => ({ "tus-resumable": "0.2.2" }),
      412,
      "unsupported_tus_version",
    ],
  ])("%s", async (_why, headers, status, code) => {
    const before = await traces();
    const response = await send(server, customer, "POST", PATH, {
      "upload-length": "10",
      "upload-metadata": metadata(),
      ...headers(),
    });
    expect(await codeOf(response)).toEqual([status, code]);
    expect(await traces()).toEqual(before);
  });

  test("the request brings bytes", async () => {
    const before = await traces();
    const response = await send(
      server,
      customer,
      "POST",
      PATH,
      { "upload-length": "10", "upload-metadata": metadata(), "content-type": BYTES },
      new Uint8Array(10),
    );
    expect(await codeOf(response)).toEqual([413, "body_too_large"]);
    expect(await traces()).toEqual(before);
  });
});

test("headers of proxies and unknown metadata do not matter", async () => {
  const response = await send(server, customer, "POST", PATH, {
    "upload-length": "10",
    "upload-metadata": `${metadata()}, is_private,name ${base64("a.png")}`,
    "x-forwarded-proto": "https,http",
    "upload-offset": "x",
    "tus-version": "0",
    "content-type": "application/json",
  });
  expect([response.status, response.headers.get("tus-resumable")]).toEqual([201, "1.0.0"]);
});

describe("bytes are refused, and the upload stays where it is, when", () => {
  test.each<[string, Record<string, string>, number, string]>([
    ["they belong elsewhere", { "upload-offset": "5" }, 409, "wrong_offset"],
    ["the offset is negative", { "upload-offset": "-1" }, 400, "invalid_request"],
    ["the offset is no whole number", { "upload-offset": "0x0" }, 400, "invalid_request"],
    [
      "the type is another",
      { "content-type": "application/octet-stream" },
      415,
      "unsupported_media_type",
    ],
    ["they are compressed", { "content-encoding": "gzip" }, 415, "unsupported_media_type"],
    ["they change the length", { "upload-length": "20" }, 400, "invalid_request"],
    ["they speak another version", { "tus-resumable": "2.0.0" }, 412, "unsupported_tus_version"],
  ])("%s", async (_why, headers, status, code) => {
    const { path } = await begin(server, customer, conversation, 10);
    const usual = { "upload-offset": "0", "content-type": BYTES };
    const response = await send(
      server,
      customer,
      "PATCH",
      path,
      { ...usual, ...headers },
      new Uint8Array(5),
    );
    expect(await codeOf(response)).toEqual([status, code]);
    const state = await send(server, customer, "HEAD", path);
    expect([state.status, state.headers.get("upload-offset")]).toEqual([200, "0"]);
    expect((await patch(server, customer, path, 0, new Uint8Array(10))).status).toBe(204);
  });

  test("there are more bytes than are missing", async () => {
    const { path } = await begin(server, customer, conversation, 10);
    expect(await codeOf(await patch(server, customer, path, 0, new Uint8Array(11)))).toEqual([
      413,
      "body_too_large",
    ]);
    const { headers } = await send(server, customer, "HEAD", path);
    expect(headers.get("upload-offset")).toBe("0");
  });

  test("the upload does not exist", async () => {
    const path = `${PATH}/${randomUUID()}`;
    expect(await codeOf(await patch(server, customer, path, 0, new Uint8Array(1)))).toEqual([
      404,
      "attachment_not_found",
    ]);
    expect(await codeOf(await send(server, customer, "DELETE", path))).toEqual([
      404,
      "attachment_not_found",
    ]);
  });
});

test("a complete upload takes an empty repetition and nothing more", async () => {
  const path = await uploaded(server, customer, conversation, new Uint8Array(10));
  const again = await patch(server, customer, path, 10, new Uint8Array(0));
  expect([again.status, again.headers.get("upload-offset")]).toEqual([204, "10"]);
  expect(await codeOf(await patch(server, customer, path, 10, new Uint8Array(1)))).toEqual([
    413,
    "body_too_large",
  ]);
});

test("a later request goes on where one that stalls has come to", async () => {
  const { path } = await begin(server, customer, conversation, 100_000);
  const stalled = new RawConnection(server.url).request(
    `PATCH ${path}`,
    {
      Authorization: `DPoP ${customer.token}`,
      DPoP: customer.proof("PATCH", path, { token: customer.token }),
      "Tus-Resumable": "1.0.0",
      "Upload-Offset": "0",
      "Content-Type": BYTES,
      "Content-Length": 100_000,
    },
    "a".repeat(70_000),
  );
  const refusals: (readonly unknown[])[] = [];
  void stalled.refusal().then((refusal) => refusals.push(refusal));
  let offset = 0;
  // The first request may not have begun yet.
  await until(async () => {
    const state = await send(server, customer, "HEAD", path);
    offset = Number(state.headers.get("upload-offset"));
    return refusals.length > 0;
  });
  expect(refusals).toEqual([[409, "contended"]]);
  const rest = new Uint8Array(100_000 - offset).fill(97);
  const response = await patch(server, customer, path, offset, rest);
  expect([response.status, response.headers.get("upload-offset")]).toEqual([204, "100000"]);
  const whole = await send(server, customer, "GET", path);
  expect(Buffer.from(await whole.arrayBuffer()).equals(Buffer.alloc(100_000, "a"))).toBe(true);
});
