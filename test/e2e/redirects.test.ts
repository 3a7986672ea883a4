import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "../support/member.ts";
import { startTestServer } from "../support/server.ts";

test("a device takes its password and its proofs to no place that the server's name points to", async () => {
  const server = await startTestServer();
  const asked: string[] = [];
  const elsewhere = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(201, { "content-type": "application/json" }).end("{}");
  }).listen(0, "127.0.0.1");
  const urlOf = (each: typeof elsewhere) =>
    `http://127.0.0.1:${(each.address() as AddressInfo).port}`;
  const redirecting = createServer((request, response) => {
    response.writeHead(307, { location: urlOf(elsewhere) + request.url }).end();
  }).listen(0, "127.0.0.1");
  const { tenant, username, password } = await server.createStaff("agent");
  const credentials = { grant: "password" as const, tenant, username, password };
  await expect(connect({ ...server, url: urlOf(redirecting) }, credentials)).rejects.toMatchObject({
    code: "request_refused",
    status: 307,
  });
  expect(asked).toEqual([]);
  for (const each of [elsewhere, redirecting]) each.close();
  await server.close();
});
