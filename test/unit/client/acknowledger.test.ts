import { wireLimits, type Cursor } from "../../../crypto/wire/frame.ts";
import { Acknowledger } from "../../../client/conversation/acknowledger.ts";
import { ManualClock } from "./manual-clock.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

test("events stored in one turn are acknowledged together, in frames that the relay accepts", async () => {
  const clock = new ManualClock();
  const sent: (readonly Cursor[])[] = [];
  const acknowledger = new Acknowledger(clock, (cursors) => sent.push(cursors));
  acknowledger.recorded(idOf("conversation 0"), 1);
  for (let index = 0; index < wireLimits.cursors + 10; index++)
    acknowledger.recorded(idOf(`conversation ${index}`), 2);
  await clock.pass(0);
  expect(sent.map(({ length }) => length)).toEqual([wireLimits.cursors, 10]);
  expect(sent[0]?.[0]).toEqual({ conversation: "conversation 0", seq: 2 });
});
