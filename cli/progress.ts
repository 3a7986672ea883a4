import { Presets, SingleBar } from "cli-progress";

export interface Progress {
  update(done: number, total: number): void;
  end(): void;
}

/** Returns a progress bar on standard error if that is a terminal, otherwise nothing. */
export function progressBar(unit: string): Progress {
  if (!process.stderr.isTTY) return { update: () => undefined, end: () => undefined };
  const bar = new SingleBar(
    {
      format: `{bar} {percentage}% {value}/{total} ${unit}, {duration_formatted}`,
      stream: process.stderr,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  let started = false;
  return {
    update(done, total) {
      if (started) bar.update(done);
      else bar.start(total, done);
      started = true;
    },
    end: () => bar.stop(),
  };
}
