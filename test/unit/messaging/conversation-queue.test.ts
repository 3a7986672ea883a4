import fc from "fast-check";
import { ConversationQueue } from "../../../messaging/log/conversation-queue.ts";
import type { TenantId, ConversationId } from "../../../crypto/wire/ids.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

const tenantOf = (conversation: ConversationId) =>
  idOf<TenantId>(`t${Number(conversation.slice(1)) % 2}`);

test("hands out every item once, in order per conversation, one turn of a conversation at a time", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.record({ push: fc.integer({ min: 0, max: 4 }) }),
          fc.record({ take: fc.integer({ min: 1, max: 6 }) }),
          fc.record({ release: fc.integer({ min: 0, max: 4 }), fail: fc.boolean() }),
        ),
        { maxLength: 80 },
      ),
      (steps) => {
        const queue = new ConversationQueue<number>();
        const busy = new Map<ConversationId, readonly number[]>();
        const pushed = new Map<ConversationId, number[]>();
        const done = new Map<ConversationId, number[]>();
        let counter = 0;
        const finish = (conversation: ConversationId, fail: boolean) => {
          const items = busy.get(conversation);
          if (items === undefined) return;
          busy.delete(conversation);
          if (!fail) done.set(conversation, [...(done.get(conversation) ?? []), ...items]);
          queue.release({ tenant: tenantOf(conversation), conversation }, fail ? items : []);
        };
        const take = (max: number) => {
          const taken = queue.take(max);
          const tenants = new Set(taken.map(({ tenant }) => tenant));
          expect(tenants.size).toBeLessThanOrEqual(1);
          for (const { conversation, items } of taken) {
            expect(busy.has(conversation)).toBe(false);
            busy.set(conversation, items);
          }
        };
        for (const step of steps) {
          if ("push" in step) {
            const conversation = idOf<ConversationId>(`c${step.push}`);
            queue.push(tenantOf(conversation), conversation, ++counter);
            pushed.set(conversation, [...(pushed.get(conversation) ?? []), counter]);
          } else if ("take" in step) take(step.take);
          else finish(idOf(`c${step.release}`), step.fail);
        }
        while (queue.size > 0 || busy.size > 0) {
          for (const conversation of busy.keys()) finish(conversation, false);
          take(3);
        }
        expect(done).toEqual(pushed);
      },
    ),
    { seed: 11, numRuns: 1_000 },
  );
});

test("a change waits for the turn in progress and goes before waiting messages", async () => {
  const queue = new ConversationQueue<string>();
  queue.push(idOf("t"), idOf("c"), "first");
  const [turn] = queue.take(10);
  expect(turn?.items).toEqual(["first"]);
  queue.push(idOf("t"), idOf("c"), "second");
  const order: string[] = [];
  const change = queue.exclusive(idOf("t"), idOf("c")).then(() => order.push("change"));
  expect(queue.take(10)).toEqual([]);
  queue.release({ tenant: idOf("t"), conversation: idOf("c") });
  await change;
  expect(queue.take(10)).toEqual([]);
  queue.release({ tenant: idOf("t"), conversation: idOf("c") });
  order.push(...queue.take(10).flatMap(({ items }) => items));
  expect(order).toEqual(["change", "second"]);
});

test("a tenant with many messages delays another one by one turn", () => {
  const queue = new ConversationQueue<string>();
  for (let index = 0; index < 1_000; index++) queue.push(idOf("flood"), idOf(`c${index}`), "flood");
  expect(queue.take(10).map(({ tenant }) => tenant)).toEqual(Array(10).fill("flood"));
  queue.push(idOf("modest"), idOf("m"), "modest");
  const turns = [queue.take(10), queue.take(10)].map(([first]) => first?.tenant);
  expect(turns).toContain("modest");
});
