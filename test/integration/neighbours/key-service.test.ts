import { runFor } from "../../../db/fairness/requester.ts";
import { openKeyTree, type KeyTree } from "../../../keys/at-rest/key-tree.ts";
import { arrangeTenant } from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { memoryKms } from "../../support/memory-kms.ts";
import { until } from "../../support/until.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { UserId } from "../../../crypto/wire/ids.ts";

let database: TestDatabase;
let keyTree: KeyTree;
let inFlight = 0;
let isSlow: (key: string) => boolean = () => false;
let end: () => void = () => undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  const kms = memoryKms();
  const wrap = kms.wrap.bind(kms);
  kms.wrap = async (key, plain, context) => {
    if (isSlow(key)) {
      inFlight++;
      await new Promise<void>((resolve) => {
        const before = end;
        end = () => {
          before();
          resolve();
        };
      });
      inFlight--;
    }
    return wrap(key, plain, context);
  };
  keyTree = await openKeyTree({
    url: database.ownerUrl,
    kms,
    now: Date.now,
    onLost: () => undefined,
  });
});
afterAll(async () => {
  isSlow = () => false;
  end();
  await keyTree.close();
  await database.drop();
});

test("a tenant whose requests to the key service hang leaves room for others", async () => {
  const [hostile, other] = [await arrangeTenant(database), await arrangeTenant(database)];
  isSlow = (key) => key.includes(hostile);
  const flood = Array.from({ length: 100 }, (_, account) =>
    runFor({ tenant: hostile, account: `${account}` }, () =>
      keyTree.subjects.findOrMake(hostile, [newId<UserId>()]),
    ).catch(() => undefined),
  );
  await until(() => inFlight > 0);
  const subject = newId<UserId>();
  const found = await runFor({ tenant: other, account: "x" }, () =>
    keyTree.subjects.findOrMake(other, [subject]),
  );
  expect(found.get(subject)?.key).toBeDefined();
  await new Promise((resolve) => setImmediate(resolve));
  expect(inFlight).toBeLessThanOrEqual(16);
  isSlow = () => false;
  const ended = Promise.all(flood);
  end();
  await ended;
});
