import { Activities, type MemberActivity } from "../../../client/conversation/activities.ts";
import { systemClock, type Clock } from "../../../client/runtime.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { DeviceId, ConversationId } from "../../../crypto/wire/ids.ts";

test("a device that types and then falls silent has stopped ten seconds later", () => {
  const timers: { readonly ms: number; readonly run: () => void; cancelled: boolean }[] = [];
  const clock: Clock = {
    ...systemClock,
    after(ms, run) {
      const timer = { ms, run, cancelled: false };
      timers.push(timer);
      return () => void (timer.cancelled = true);
    },
  };
  const told: MemberActivity[] = [];
  const activities = new Activities(clock, (activity) => told.push(activity));
  const [conversation, device] = [newId<ConversationId>(), newId<DeviceId>()];
  const heard = (kind: MemberActivity["kind"]) =>
    activities.heard({ conversation, device, kind, seq: 0 });
  heard("typing");
  heard("typing");
  expect(timers.map(({ ms, cancelled }) => [ms, cancelled])).toEqual([
    [10_000, true],
    [10_000, false],
  ]);
  timers[1]?.run();
  expect(told.map(({ kind }) => kind)).toEqual(["typing", "typing", "stopped"]);
  heard("typing");
  heard("stopped");
  expect(timers[2]?.cancelled).toBe(true);
  activities.heard({ conversation, device: undefined, kind: "typing", seq: 0 });
  expect(told).toHaveLength(5);
});
