import { SealdeskError } from "../../../client/errors.ts";
import { setUp, wait } from "./sending.ts";

test("a message that is being queued when the connection ends for good is refused once, by its own send", async () => {
  const { sender, store } = await setUp();
  let release = (): void => undefined;
  const busy = store.transact(() => new Promise<void>((resolve) => (release = resolve)));
  const unobserved: unknown[] = [];
  const note = (reason: unknown) => unobserved.push(reason);
  process.on("unhandledRejection", note);
  try {
    const sending = sender.send("hello").catch((error: unknown) => error);
    await wait();
    sender.end(new SealdeskError("device_revoked", ""));
    await wait();
    release();
    await busy;
    expect(await sending).toMatchObject({ code: "device_revoked" });
    expect(unobserved).toEqual([]);
  } finally {
    process.off("unhandledRejection", note);
  }
});
