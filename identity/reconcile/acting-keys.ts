import type { Recorded } from "./difference.ts";

/** A request that was being served when its key was removed may have its entry later. The clocks of nodes differ, too. */
const SERVED_MS = 10 * 60_000;

/** The keys of programs that acted, as a log says: of a tenant, or of the operator. */
export class ActingKeys {
  /** The first act of each key that the log did not list at that time, by the key's id. */
  readonly strangers: Map<string, Recorded>;
  /** The keys of the newest entry that lists them. Undefined before the first one. */
  #listed: ReadonlySet<string> | undefined;
  /** When each key was listed last, in milliseconds since the Unix epoch, if it is not listed now. */
  readonly #endedAtMs: Map<string, number>;

  constructor(from?: ActingKeys) {
    this.strangers = new Map(from?.strangers);
    this.#listed = from === undefined ? undefined : from.#listed;
    this.#endedAtMs = new Map(from === undefined ? [] : from.#endedAtMs);
  }

  /** Takes an entry that lists all keys after a change. */
  list(ids: readonly string[], atMs: number): void {
    const listed = new Set(ids);
    for (const id of this.#listed ?? []) if (!listed.has(id)) this.#endedAtMs.set(id, atMs);
    for (const id of listed) this.#endedAtMs.delete(id);
    this.#listed = listed;
  }

  /**
   * Takes an act with a key.
   * @param act.isPruned whether entries were pruned: the one that lists the key may be among them
   */
  act(
    id: string,
    act: { readonly atMs: number; readonly index: number | undefined; readonly isPruned: boolean },
  ): void {
    const isUnknown = this.#listed === undefined && act.isPruned;
    const endedAtMs = this.#endedAtMs.get(id) ?? -Infinity;
    if (isUnknown || this.#listed?.has(id) === true || act.atMs <= endedAtMs + SERVED_MS) return;
    if (this.strangers.has(id)) return;
    const values = ["that it acted, and none that it was added"];
    this.strangers.set(id, { values, index: act.index });
  }

  /** Takes the removal of a key by the operator, who now knows of it. */
  remove(id: string): void {
    this.strangers.delete(id);
  }
}
