import { KeyWaitQueue } from "../../../messaging/log/key-wait-queue.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

test("messages of one tenant that wait for keys leave room for those of others", async () => {
  const queue = new KeyWaitQueue(10, () => undefined);
  let end: () => void = () => undefined;
  const ending = new Promise<void>((resolve) => (end = resolve));
  queue.keep(idOf("without keys"), 10, () => ending);
  expect(queue.hasRoom(idOf("without keys"), 1)).toBe(false);
  expect(queue.hasRoom(idOf("other"), 10)).toBe(true);
  end();
  await queue.next();
  expect(queue.hasRoom(idOf("without keys"), 10)).toBe(true);
  expect(queue.size).toBe(0);
});
