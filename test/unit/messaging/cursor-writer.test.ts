import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "../../../db/pool.ts";
import { CursorWriter } from "../../../messaging/follow/cursor-writer.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { TenantId, DeviceId, ConversationId } from "../../../crypto/wire/ids.ts";

const tenant = idOf<TenantId>("00000000-0000-7000-8000-000000000001");
const device = idOf<DeviceId>("00000000-0000-7000-8000-000000000002");
const conversation = idOf<ConversationId>("00000000-0000-7000-8000-000000000003");

test("a finished conversation is marked, together with any acknowledgements", async () => {
  const statements: unknown[] = [];
  const client = {
    query: (statement: unknown) => {
      statements.push(statement);
      return Promise.resolve({ rows: [] });
    },
    release: () => undefined,
  };
  const pool = { options: { max: 3 }, connect: async () => client };
  const writer = new CursorWriter(pool as unknown as Pool, 60_000);
  writer.finish(tenant, device, conversation, 5);
  writer.acknowledge(tenant, device, conversation, 5);
  await writer.close();
  expect(statements.filter((each) => String(each).includes("set finished = true"))).toHaveLength(1);
});

test("only the newest acknowledgements are kept while the database does not answer", async () => {
  let answer = () => {};
  const reachable = new Promise<void>((resolve) => (answer = resolve));
  let transactions = 0;
  const client = { query: () => Promise.resolve({ rows: [] }), release: () => undefined };
  const pool = {
    options: { max: 10 },
    async connect() {
      transactions++;
      await reachable;
      return client;
    },
  } as unknown as Pool;
  const writer = new CursorWriter(pool, 1);
  for (let seq = 1; seq <= 10; seq++) {
    writer.acknowledge(tenant, device, conversation, seq);
    await sleep(3);
  }
  answer();
  await writer.close();
  expect(transactions).toBe(2);
});
