import { joinFrames, splitFrames } from "../../../crypto/wire/frame-batch.ts";
import { HttpChannel, type FrameStream } from "../../../server/socket/http-channel.ts";

const frame = (value: number, size = 10) => new Uint8Array(size).fill(value);
const stays = new AbortController().signal;

function open() {
  const told: string[] = [];
  const channel = new HttpChannel(
    () => ({
      onFrame: (bytes) => told.push(bytes === undefined ? "no frame" : `frame ${bytes[0]}`),
      onControl: () => undefined,
      onHeard: () => told.push("heard"),
      onDrain: () => told.push("drain"),
      onClosed: () => told.push("closed"),
    }),
    () => told.push("end"),
  );
  return { channel, told };
}

/** A stream double whose network accepts nothing. */
function stuckStream() {
  const written: (Uint8Array | string)[] = [];
  const stream: FrameStream = {
    write: (bytes) => void written.push(bytes),
    ping: () => void written.push("ping"),
    end: (reason) => void written.push(reason),
    get bufferedBytes() {
      return written.reduce((sum, bytes) => sum + bytes.length, 0);
    },
    takenBytes: 0,
  };
  return { stream, written };
}

test("polled frames are kept until the next poll names them, and count as buffered until then", async () => {
  const { channel, told } = open();
  const polled = channel.poll(0, 60_000, stays);
  channel.transmit(frame(1));
  channel.transmit(frame(2));
  expect(await polled).toEqual({ first: 1, frames: [frame(1), frame(2)], closed: undefined });
  expect([channel.bufferedBytes, channel.takenBytes]).toEqual([20, 0]);
  channel.transmit(frame(3));
  expect(await channel.poll(0, 60_000, stays)).toMatchObject({ first: 1, frames: { length: 3 } });
  expect(await channel.poll(2, 60_000, stays)).toMatchObject({ first: 3, frames: [frame(3)] });
  expect([channel.bufferedBytes, channel.takenBytes]).toEqual([10, 20]);
  expect(told.filter((each) => each === "drain")).toHaveLength(1);
  // It names more frames than ever existed. Nothing is invented.
  expect(await channel.poll(99, 0, stays)).toEqual({ first: 4, frames: [], closed: undefined });
});

test("an answer is limited; the rest comes with the next one, the close with the last", async () => {
  const { channel } = open();
  const polled = channel.poll(0, 60_000, stays);
  for (let value = 1; value <= 3; value++) channel.transmit(frame(value, 500_000));
  expect(await polled).toMatchObject({ frames: { length: 2 }, closed: undefined });
  const rest = channel.poll(2, 60_000, stays);
  channel.transmit(frame(4));
  channel.close("displaced");
  expect(await rest).toMatchObject({ first: 3, frames: { length: 2 }, closed: "displaced" });
});

test("an answer has no more frames than its reader takes at once", async () => {
  const { channel } = open();
  await channel.poll(0, 0, stays);
  for (let count = 0; count < 1_500; count++) channel.transmit(frame(1));
  const { frames } = await channel.poll(0, 60_000, stays);
  expect(splitFrames(joinFrames(frames))).toHaveLength(1_024);
  expect(await channel.poll(1_024, 60_000, stays)).toMatchObject({ frames: { length: 476 } });
});

test("a closed channel keeps only the first part of what waited", async () => {
  const { channel } = open();
  await channel.poll(0, 0, stays);
  for (let value = 1; value <= 9; value++) channel.transmit(frame(value, 30_000));
  channel.close("stalled");
  expect(channel.bufferedBytes).toBeLessThan(131_072);
  const { first, frames, closed } = await channel.poll(0, 60_000, stays);
  expect([first, closed]).toEqual([1, "stalled"]);
  expect(frames.map(([value]) => value)).toEqual([1, 2, 3, 4]);
});

test("no frame is read before the device takes frames or while paused; the end releases every wait", async () => {
  const { channel, told } = open();
  let readable = false;
  const reading = channel.readable().then(() => (readable = true));
  await Promise.resolve();
  expect(readable).toBe(false);
  void channel.poll(0, 60_000, stays);
  await reading;
  channel.pause();
  readable = false;
  const waiting = channel.readable().then(() => (readable = true));
  await new Promise(setImmediate);
  expect(readable).toBe(false);
  channel.resume();
  await waiting;
  channel.pause();
  const last = channel.readable();
  channel.close("going_away");
  await last;
  expect(told).toContain("end");
});

test("a batch is taken once, in its turn", () => {
  const { channel, told } = open();
  channel.take(1, joinFrames([frame(1), frame(2)]));
  channel.take(1, joinFrames([frame(1), frame(2)]));
  channel.take(2, joinFrames([]));
  channel.take(4, joinFrames([frame(4)]));
  expect(told.filter((each) => each !== "heard")).toEqual(["frame 1", "frame 2", "no frame"]);
});

test("a poll is answered by a probe, by another poll, and when its device has left", async () => {
  const { channel } = open();
  const probed = channel.poll(0, 60_000, stays);
  channel.probe();
  expect(await probed).toMatchObject({ frames: [] });
  const replaced = channel.poll(0, 60_000, stays);
  const leaving = new AbortController();
  const left = channel.poll(0, 60_000, leaving.signal);
  expect(await replaced).toMatchObject({ frames: [] });
  leaving.abort();
  await left;
  // Nobody waits, so this frame is for the next poll.
  channel.transmit(frame(1));
  expect(await channel.poll(0, 60_000, stays)).toMatchObject({ first: 1, frames: [frame(1)] });
});

test("a stream gets everything, counts what its network does not take as buffered, and ends the channel", async () => {
  const { channel, told } = open();
  channel.transmit(frame(1));
  const { stream, written } = stuckStream();
  const { onClosed } = channel.stream(stream);
  expect(written).toEqual([frame(1)]);
  channel.transmit(frame(2));
  await new Promise(setImmediate);
  channel.probe();
  expect(written).toEqual([frame(1), frame(2), "ping"]);
  expect(channel.bufferedBytes).toBe(24);
  onClosed();
  onClosed();
  expect(told.filter((each) => each !== "heard")).toEqual(["closed", "end"]);
  channel.transmit(frame(3));
  expect(channel.bufferedBytes).toBe(24);
});

test("a stream is ended once, also if it is closed in the turn of its last frame", async () => {
  const { channel } = open();
  const { stream, written } = stuckStream();
  channel.stream(stream);
  channel.transmit(frame(1));
  channel.close("going_away");
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toEqual([frame(1), "going_away"]);
});
