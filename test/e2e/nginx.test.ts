import { randomBytes } from "node:crypto";
import { webSocket } from "../../client/index.node.ts";
import { freePort } from "../../tools/testkit/server-process.ts";
import { connectCustomer, connectStaff, joined, readUntil, textsOf } from "../support/member.ts";
import { startNginx } from "../support/nginx.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

let server: TestServer;
let port: number;
let leave: (() => Promise<void>) | undefined;
beforeEach(async () => {
  port = await freePort();
  server = await startTestServer({ publicUrl: `http://127.0.0.1:${port}` });
});
afterEach(async () => {
  await leave?.();
  await server.close();
});
const node = () => Number(new URL(server.address).port);

let opened = 0;
let closed = 0;
class CountedSocket extends webSocket {
  constructor(url: string, protocol: string) {
    super(url, protocol);
    this.addEventListener("open", () => opened++);
    this.addEventListener("close", () => closed++);
  }
}
beforeEach(() => {
  opened = 0;
  closed = 0;
});

test("behind nginx as shipped, devices use WebSockets and send files", async () => {
  leave = await startNginx(port, node());
  const agent = await connectStaff(server, "agent", { webSocket: CountedSocket });
  const customer = await connectCustomer(server, { webSocket: CountedSocket });
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, asking.id);
  await asking.send("question");
  await serving.send("answer");
  const bytes = randomBytes(3_000_000);
  const data = (async function* () {
    yield bytes;
  })();
  await asking.sendAttachment({ name: "scan", type: "image/png", size: bytes.length, data });
  const items = await readUntil(serving, (all) => all.some(({ kind }) => kind === "attachment"));
  expect(textsOf(items)).toEqual(["question", "answer"]);
  const file = items.find((item) => item.kind === "attachment");
  const parts: Uint8Array[] = [];
  for await (const part of file!.attachment.download()) parts.push(part);
  expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  expect([opened, closed]).toEqual([2, 0]);
  await agent.sealdesk.close();
  await customer.sealdesk.close();
}, 60_000);

test("a proxy that closes silent connections too early costs a reconnection, and no message", async () => {
  leave = await startNginx(port, node(), "1s");
  const agent = await connectStaff(server, "agent", { webSocket: CountedSocket });
  const customer = await connectCustomer(server, { webSocket: CountedSocket });
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, asking.id);
  for (const text of ["one", "two", "three"]) {
    const before = closed;
    await until(() => closed >= before + 2);
    await asking.send(text);
  }
  const items = await readUntil(serving, (all) => textsOf(all).length === 3);
  expect(textsOf(items)).toEqual(["one", "two", "three"]);
  await agent.sealdesk.close();
  await customer.sealdesk.close();
}, 60_000);
