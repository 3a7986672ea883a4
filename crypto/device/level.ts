/** Keys are text and values are bytes, whatever encodings the database was constructed with. */
export const encodings = { keyEncoding: "utf8", valueEncoding: "view" } as const;
type Encodings = typeof encodings;

export type LevelOperation =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: string };

export interface LevelRange extends Encodings {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly limit?: number;
}

/**
 * The part of an abstract-level database that the store uses. `batch` must be atomic. `sync` asks
 * for the batch to be on disk before it resolves.
 */
export interface Level {
  open(): Promise<void>;
  close(): Promise<void>;
  getMany(keys: string[], options: Encodings): Promise<(Uint8Array | undefined)[]>;
  batch(
    operations: LevelOperation[],
    options: Encodings & { readonly sync: boolean },
  ): Promise<void>;
  iterator(options: LevelRange): { all(): Promise<[string, Uint8Array][]> };
  keys(options: LevelRange): { all(): Promise<string[]> };
}
