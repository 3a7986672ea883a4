import { open, type FileHandle } from "node:fs/promises";
import { sinkLine } from "./sink-line.ts";
import type { Sink } from "./sink.ts";

const LINE_FEED = 0x0a;

/**
 * A file with one line for each entry. It is opened by its name for each batch, so another program may rotate
 * it by renaming. Each batch is on the disk before the next one. A line that a full disk or a kill cut short is
 * ended, and its entry follows again.
 */
export const fileSink = (path: string): Sink => ({
  async take(entries) {
    const lines = entries.map((entry) => `${sinkLine(entry)}\n`);
    const file = await open(path, "a+", 0o600);
    try {
      if (await endsInLine(file)) lines.unshift("\n");
      await file.appendFile(lines.join(""));
      await file.datasync();
    } finally {
      await file.close();
    }
  },
});

/** Returns whether the file ends within a line. */
async function endsInLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== LINE_FEED;
}
