import type { LogSource } from "../../../../audit/verify/log-source.ts";
import { Silence } from "./silence.ts";

/** The least bytes a second that a server sends, after its time of grace. */
const LEAST_BYTES_PER_S = 4_096;

export interface Pace {
  /** For this time, in milliseconds, a source may be as slow as it likes. */
  readonly graceMs: number;
  /** The longest time that everything may take, in milliseconds. */
  readonly mostMs: number;
  /** A clock that nobody can set, in milliseconds. */
  readonly steady: () => number;
}

/**
 * Returns a source that fails if it is too slow, because whoever serves a log could otherwise keep its
 * reader busy for ever, with answers that come slowly or never end.
 * @throws Silence from `read`
 */
export function paced(source: LogSource, { graceMs, mostMs, steady }: Pace): LogSource {
  const beganMs = steady();
  let bytes = 0;
  const assertPace = () => {
    const tookMs = steady() - beganMs;
    if (tookMs > mostMs)
      throw new Silence(
        `The log could not be read in ${Math.round(mostMs / 60_000)} minutes. Ask the server's operator why it is slow, or raise --whole-every.`,
      );
    if (tookMs > graceMs && bytes < ((tookMs - graceMs) / 1_000) * LEAST_BYTES_PER_S)
      throw new Silence(
        `The log is served too slowly: ${bytes} bytes in ${Math.round(tookMs / 1_000)} seconds. Ask the server's operator why, or raise --silent-after.`,
      );
  };
  return {
    ...source,
    async read(path) {
      const found = await source.read(path);
      bytes += found?.length ?? 0;
      assertPace();
      return found;
    },
  };
}
