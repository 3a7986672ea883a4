/** Where a stored head stands among the heads of its log. */
export interface HeadOrder {
  /** How often the log had been restored from a backup. */
  readonly restores: number;
  readonly size: number;
}

/** A head from after a restore is later than every head from before, whatever its size. */
export const isLater = (one: HeadOrder, other: HeadOrder): boolean =>
  one.restores === other.restores ? one.size > other.size : one.restores > other.restores;

/** Reads the order of a checkpoint that this store wrote. Before anything else, size is -1. */
export function orderOf(note: string): HeadOrder {
  const [text = ""] = note.split("\n\n");
  const [, line, , ...extensions] = text.split("\n");
  const size = Number(line ?? Number.NaN);
  const restored = extensions.find((extension) => extension.startsWith("restored "));
  return {
    restores: Number(restored?.slice("restored ".length) ?? 0),
    size: Number.isSafeInteger(size) ? size : -1,
  };
}
