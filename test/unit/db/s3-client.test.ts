import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { HeadBucketCommand } from "@aws-sdk/client-s3";
import { createS3Client } from "../../../db/s3-client.ts";

const credentials = { accessKeyId: "double", secretAccessKey: "double" };
let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Opens a client of a server that answers the request number `n` with `answers[n]`. */
async function clientOf(answers: readonly (number | "nothing")[]) {
  const asked = { count: 0 };
  server = createServer((_, response) => {
    const answer = answers[asked.count++] ?? "nothing";
    if (answer !== "nothing") response.writeHead(answer).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const location = { bucket: "test", region: "us-east-1", endpoint, credentials };
  return { client: createS3Client(location, 1_000), asked };
}
const ask = new HeadBucketCommand({ Bucket: "test" });

test("a request that S3 cannot serve for a moment is repeated", async () => {
  const { client, asked } = await clientOf([503, "nothing", 200]);
  await client.send(ask);
  expect(asked.count).toBe(3);
});

test("a service that never answers is given up after three requests", async () => {
  const { client, asked } = await clientOf([]);
  await expect(client.send(ask)).rejects.toMatchObject({ name: "TimeoutError" });
  expect(asked.count).toBe(3);
});

test("a request that S3 refuses is not repeated", async () => {
  const { client, asked } = await clientOf([403, 200]);
  await expect(client.send(ask)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  expect(asked.count).toBe(1);
});
