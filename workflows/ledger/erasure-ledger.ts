import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { LogKey } from "../../audit/logs.ts";
import { KEY_TYPES, type NoteKey } from "../../audit/verify/note.ts";
import type { Client } from "../../db/pool.ts";
import type { Kms } from "../../keys/kms/kms.ts";
import {
  openEntry,
  signEntry,
  type ErasureRecord,
  type LedgerEntry,
  type Withdrawal,
} from "./entry.ts";
import { LedgerError } from "./ledger-error.ts";
import { readPosition } from "./position.ts";
import type { LedgerStore, StoredEntry } from "./stores/ledger-store.ts";

const LEDGER_KEY = "erasure-ledger";

/** The name of a server's ledger. It stays when the server gets another address. Its key tells ledgers apart. */
export const LEDGER_ORIGIN = "sealdesk/erasures";

/**
 * Signs the ledger with a key of its own in the key service, which the first use creates. It is not
 * rotated: a server must be able to verify every entry that a restored database lacks.
 * @throws KeysError of the service
 */
export async function kmsLedgerKey(kms: Kms): Promise<LogKey> {
  await kms.ensureKey(LEDGER_KEY, "signing");
  return {
    publicKey: await kms.publicKey(LEDGER_KEY, 1),
    sign: (bytes) => kms.sign(LEDGER_KEY, bytes, 1),
  };
}

export interface LedgerOptions {
  readonly store: LedgerStore;
  readonly key: LogKey;
  /** The name of the ledger. */
  readonly origin: string;
  /** The place for messages: a folder or the URL of a bucket. */
  readonly place: string;
}

/** The signed, append-only and hash-chained ledger of erasures, outside the database. */
export class ErasureLedger {
  readonly #options: LedgerOptions;
  readonly #key: NoteKey;

  constructor(options: LedgerOptions) {
    this.#options = options;
    const { origin: name, key } = options;
    this.#key = { name, type: KEY_TYPES.ed25519, publicKey: key.publicKey };
  }

  get key(): NoteKey {
    return this.#key;
  }

  get place(): string {
    return this.#options.place;
  }

  close(): void {
    this.#options.store.close();
  }

  /**
   * Returns the entries from `first` on. Each is verified, and follows the one before it.
   * @throws LedgerError ledger_invalid, ledger_shortened: entries are missing between others; ledger_unreachable
   */
  async read(first: number): Promise<readonly LedgerEntry[]> {
    const entries: LedgerEntry[] = [];
    for (const { number, note } of await this.#stored(first)) {
      const expected = first + entries.length;
      if (number !== expected)
        throw new LedgerError(
          "ledger_shortened",
          `The erasure ledger at ${this.place} lacks the entry ${expected}, and has later ones.`,
        );
      entries.push(openEntry(note, this.#key, number, entries.at(-1)));
    }
    return entries;
  }

  /**
   * Begins a new ledger.
   * @returns undefined if another node began it first
   */
  async begin(ledger: Uuid, atMs: number): Promise<LedgerEntry | undefined> {
    const entry = await signEntry(this.#options, undefined, { kind: "begin", ledger, atMs });
    return (await this.#put(entry)) ? entry : undefined;
  }

  /**
   * Locks the end of the ledger until the caller's transaction ends, before the transaction decides what it erases.
   * @returns the last entry, which the database has carried out
   * @throws LedgerError ledger_behind: an entry was written by a transaction that was not committed. It holds
   *   nevertheless, so `settleLedger` must carry it out first; those of `read`
   */
  async lockEnd(client: Client): Promise<LedgerEntry> {
    const known = await readPosition(client, "sealdesk", "lock");
    if (known === undefined) throw behind(1);
    const [last, ...later] = await this.read(known.number);
    if (last === undefined || !equalBytes(last.hash, known.hash))
      throw new LedgerError(
        "ledger_shortened",
        `The erasure ledger at ${this.place} does not have the entry ${known.number} that the database knows.`,
      );
    if (later.length > 0) throw behind(later.length);
    return last;
  }

  /**
   * Writes what is about to be erased, in the transaction that erases it, or that an erasure is withdrawn. From now on it
   * holds, whether the transaction is committed or not.
   * @param last as `lockEnd` returned it in this transaction
   * @throws LedgerError ledger_behind, ledger_unreachable
   */
  async append(last: LedgerEntry, record: ErasureRecord | Withdrawal): Promise<LedgerEntry> {
    const entry = await signEntry(this.#options, last, record);
    if (!(await this.#put(entry))) throw behind(1);
    return entry;
  }

  async #stored(first: number): Promise<readonly StoredEntry[]> {
    try {
      return await this.#options.store.read(first);
    } catch (cause) {
      throw this.#unreachable(cause);
    }
  }

  async #put(entry: LedgerEntry): Promise<boolean> {
    try {
      return await this.#options.store.put(entry);
    } catch (cause) {
      throw this.#unreachable(cause);
    }
  }

  #unreachable(cause: unknown): LedgerError {
    return new LedgerError(
      "ledger_unreachable",
      `The erasure ledger at ${this.place} cannot be used.`,
      { cause },
    );
  }
}

const behind = (count: number): LedgerError =>
  new LedgerError("ledger_behind", `The database lacks ${count} entries of the erasure ledger.`);
