import { Writable } from "node:stream";
import { lossyOutput } from "../../../server/lossy-output.ts";

const LINE = `${"x".repeat(999)}\n`;
const MOST_WAITING_BYTES = 64_000;

/** A pipe whose reader takes nothing until `resume` is called. */
function stalledOutput() {
  const taken: string[] = [];
  let resume: (() => void) | undefined;
  let isStalled = true;
  const output = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      taken.push(line);
      if (isStalled) resume = done;
      else done();
    },
  });
  return {
    output,
    taken,
    resume: () => {
      isStalled = false;
      resume?.();
    },
  };
}

const written = (stream: Writable, line: string) =>
  new Promise<void>((resolve, reject) =>
    stream.write(line, (error) => (error ? reject(error) : resolve())),
  );

test("a reader that takes no bytes delays no writer, and at most the limit is kept for it", async () => {
  const { output, taken, resume } = stalledOutput();
  const { stream, lost } = lossyOutput(output, MOST_WAITING_BYTES);
  for (let line = 0; line < 1_000; line++) {
    await written(stream, LINE);
    // The line that reaches the limit is kept as a whole.
    expect(output.writableLength).toBeLessThanOrEqual(MOST_WAITING_BYTES + LINE.length);
  }
  expect(stream.writableLength).toBe(0);
  const kept = MOST_WAITING_BYTES / LINE.length + 1;
  expect(lost()).toBe(1_000 - kept);

  resume();
  await written(output, "");
  await written(stream, "the reader is back\n");
  expect(taken.filter((line) => line === LINE)).toHaveLength(kept);
  expect(taken.at(-1)).toBe("the reader is back\n");
  expect(lost()).toBe(1_000 - kept);
});

test("the limit of a server is about a megabyte", async () => {
  const { output } = stalledOutput();
  const { stream, lost } = lossyOutput(output);
  for (let line = 0; line < 2_000; line++) await written(stream, LINE);
  expect(output.writableLength).toBeLessThan(1_100_000);
  expect(lost()).toBeGreaterThan(900);
});
