import { Writable } from "node:stream";

/** Bytes that may wait for a reader who takes none; more would fill the memory of the server. */
const MOST_WAITING_BYTES = 1_048_576;

export interface LossyOutput {
  /** Never fails, and never makes anyone wait. */
  readonly stream: Writable;
  /** How many lines were lost so far. */
  readonly lost: () => number;
}

/**
 * Passes lines on to `output` as far as it takes them. Lines are lost while its reader is gone
 * (EPIPE), its disk is full (ENOSPC), its terminal is closed (EIO) or its reader does not keep up.
 */
export function lossyOutput(
  output: Writable,
  mostWaitingBytes: number = MOST_WAITING_BYTES,
): LossyOutput {
  let lost = 0;
  // Without a listener the event would end the process; the lines are counted below.
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
