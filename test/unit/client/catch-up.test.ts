/** When a conversation has the events that the relay had at the hello: see `CatchUp`. */
import { expect, test } from "@jest/globals";
import { CatchUp } from "../../../client/conversation/catch-up.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const [withheld, whole, later] = [
  newId<ConversationId>(),
  newId<ConversationId>(),
  newId<ConversationId>(),
];

test("a conversation is done although the relay withholds events of another one", async () => {
  const done: ConversationId[] = [];
  const catchUp = new CatchUp();
  catchUp.begin([withheld, whole], (id) => done.push(id));
  catchUp.arrived(withheld);
  catchUp.arrived(whole);
  expect(done).toEqual([]);
  const recorded = Promise.resolve();
  catchUp.finish(whole, recorded, () => undefined);
  await recorded;
  // One that the relay did not list at the hello had no events then.
  catchUp.arrived(later);
  catchUp.arrived(later);
  expect(done).toEqual([whole, later]);
  catchUp.end();
  catchUp.arrived(withheld);
  expect(done).toEqual([whole, later]);
});
