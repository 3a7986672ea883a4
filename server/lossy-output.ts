import { Writable } from "node:stream";

/**
 * Maximum number of bytes that wait for a slow reader, so that they cannot fill the server's
 * memory.
 */
const MOST_WAITING_BYTES = 1_048_576;

export interface LossyOutput {
  /** The stream that takes log lines. It never fails, and never makes the writer wait. */
  readonly stream: Writable;
  /** Returns the number of lines lost so far. */
  readonly lost: () => number;
}

/**
 * Passes lines on to `output` and drops those that it cannot take. Lines are lost if the reader has
 * gone (EPIPE), the disk is full (ENOSPC), the terminal is closed (EIO) or the reader is too slow.
 */
export function lossyOutput(
  output: Writable,
  mostWaitingBytes: number = MOST_WAITING_BYTES,
): LossyOutput {
  let lost = 0;
  // The event would end the process without a listener. The lost lines are counted below.
  output.on("error", () => undefined);
  const stream = new Writable({
    decodeStrings: false,
    write(line: string | Buffer, encoding, done) {
      if (output.writableLength > mostWaitingBytes) lost++;
      else output.write(line, encoding, (error) => void (error && lost++));
      done();
    },
  });
  return { stream, lost: () => lost };
}
