import { openKeyTree, type KeyTree } from "../../../keys/at-rest/key-tree.ts";
import { destroySubjectKeys } from "../../../keys/at-rest/destroy.ts";
import { TcpProxy } from "../../../tools/testkit/tcp-proxy.ts";
import { arrangeTenant } from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { memoryKms } from "../../support/memory-kms.ts";
import { until } from "../../support/until.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { UserId, ConversationId } from "../../../crypto/wire/ids.ts";

let database: TestDatabase;
let proxy: TcpProxy;
const kms = memoryKms();
const trees: KeyTree[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await TcpProxy.start(Number(new URL(database.ownerUrl).port));
});
afterAll(async () => {
  await proxy.close();
  await Promise.all(trees.map((tree) => tree.close()));
  await database.drop();
});

async function openTree(url: string): Promise<KeyTree> {
  const tree = await openKeyTree({ url, kms, now: Date.now, onLost: () => undefined });
  trees.push(tree);
  return tree;
}

function throughProxy(): string {
  const url = new URL(database.ownerUrl);
  url.port = String(proxy.port);
  return url.href;
}

const by = { actor: { kind: "system" as const, id: "test" } };

test.each([
  ["is cut", () => proxy.cut(() => true)],
  ["falls silent", () => proxy.silence(() => true)],
])(
  "a node whose connection %s stops using its keys, and hears later what it missed",
  async (_, fail) => {
    const tenant = await arrangeTenant(database);
    const near = await openTree(database.ownerUrl);
    const far = await openTree(throughProxy());
    const scope = {
      conversation: newId<ConversationId>(),
      subject: newId<UserId>(),
      author: newId<UserId>(),
      period: 700,
    };
    await far.scopes.forWriting(tenant, [scope]);
    expect(far.scopes.held(tenant, scope)?.key).toBeDefined();
    fail();
    const deps = { keystore: near.pool, apart: undefined, now: Date.now };
    await destroySubjectKeys(deps, tenant, scope.subject, by);
    // From memory alone nothing opens any more, though nobody could tell this node.
    await until(() => far.scopes.held(tenant, scope) === undefined);
    proxy.cut(() => true);
    await until(async () => {
      const [found] = await far.scopes.forWriting(tenant, [scope]).catch(() => []);
      return found !== undefined && found.key === undefined;
    });
  },
);
