import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { inTime } from "./in-time.ts";
import { SinkError } from "./sink-error.ts";
import { sinkLine } from "./sink-line.ts";
import { TAKE_MS, type Sink } from "./sink.ts";

const LINE_FEED = 0x0a;
const { O_APPEND, O_CREAT, O_NONBLOCK, O_RDWR } = constants;
/** Opening a pipe or a device does not wait for anybody. */
const APPEND = O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK;

/**
 * A regular file with one line for each entry. It is opened by its name for each batch, so another program may rotate
 * it by renaming. Each batch is on the disk before the next one. A line that a full disk or a kill cut short is
 * ended, and its entry follows again. A disk that hangs holds one write at a time.
 * @param takeMs the longest time for one batch, in milliseconds
 */
export function fileSink(path: string, takeMs = TAKE_MS): Sink {
  let last: Promise<unknown> = Promise.resolve();
  return {
    async take(entries) {
      // A write that took too long may still go on.
      await inTime(last, takeMs);
      const written = append(
        path,
        entries.map((entry) => `${sinkLine(entry)}\n`),
      );
      last = written.catch(() => undefined);
      await inTime(written, takeMs);
    },
  };
}

/** @throws SinkError sink_not_a_file; Error of the operating system */
async function append(path: string, lines: string[]): Promise<void> {
  const file = await open(path, APPEND, 0o600);
  try {
    if (await endsInLine(file)) lines.unshift("\n");
    await file.appendFile(lines.join(""));
    await file.datasync();
  } finally {
    await file.close();
  }
}

/**
 * Returns whether the file ends within a line.
 * @throws SinkError sink_not_a_file
 */
async function endsInLine(file: FileHandle): Promise<boolean> {
  const stats = await file.stat();
  if (!stats.isFile())
    throw new SinkError(
      "sink_not_a_file",
      "The path is no regular file. Name a file on a disk in AUDIT_SINKS, and restart the node.",
    );
  if (stats.size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, stats.size - 1);
  return buffer[0] !== LINE_FEED;
}
