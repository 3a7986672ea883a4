import { nilUuid, zeroHash } from "../crypto/wire/event.ts";
import { nilId, type NewId } from "../crypto/wire/ids.ts";
import { sqlState } from "../db/database-error.ts";
import type { Client, Pool } from "../db/pool.ts";
import { inTransaction } from "../db/transaction.ts";
import { takeOneTime } from "../identity/prekeys/take-bundle.ts";
import { insertEvents } from "../messaging/log/insert-events.ts";
import type { LoggedEvent } from "../messaging/log/event.ts";

/** Time between two trials. Answers in between repeat the last one. */
const TRY_EVERY_MS = 5_000;

// Other reasons say these better: no connection (08), no room (53), read-only (25), stopped (57), I/O (58).
const TOLD_ELSEWHERE = /^(08|53|25|57|58)/u;

/**
 * Creates a function that returns whether the database takes the statements that a message needs. It
 * runs them in a transaction that is rolled back, at most every five seconds. So a database that is
 * reachable and cannot store a message (another version, a missing privilege) is found before a
 * device sends one.
 */
export function createMessageCheck(
  pool: Pool,
  now: () => number,
  newId: NewId,
): () => Promise<boolean> {
  let triedAtMs = -Infinity;
  let passes = true;
  return async () => {
    if (performance.now() - triedAtMs < TRY_EVERY_MS) return passes;
    passes = await tryMessage(pool, now(), newId);
    triedAtMs = performance.now();
    return passes;
  };
}

async function tryMessage(pool: Pool, nowMs: number, newId: NewId): Promise<boolean> {
  try {
    const trial = trialOf(newId, nowMs);
    await inTransaction(pool, trial.tenant, async (client) => {
      await takeOneTime(client, nilId(), "ec");
      await storeMessage(client, trial);
      throw new RolledBack();
    });
    return true;
  } catch (error) {
    if (error instanceof RolledBack) return true;
    const state = sqlState(error);
    return state === undefined || TOLD_ELSEWHERE.test(state);
  }
}

class RolledBack extends Error {}

const storeMessage = (client: Client, event: LoggedEvent): Promise<void> =>
  insertEvents(client, {
    tenant: event.tenant,
    events: [event],
    keys: [undefined],
    accounts: [nilId()],
    firstUses: [event],
    markers: [],
  });

/** Returns a membership event without content, in a tenant and a conversation that nobody has. */
const trialOf = (newId: NewId, receivedAtMs: number): LoggedEvent => ({
  kind: "closed",
  tenant: newId(),
  conversation: newId(),
  seq: 1,
  senderDevice: nilId(),
  epoch: 1,
  keyId: nilUuid,
  clientMessageId: newId(),
  receivedAtMs,
  ciphertext: new Uint8Array(0),
  commitment: zeroHash,
  frankingTag: zeroHash,
  transcriptHash: zeroHash,
  packet: undefined,
  previousHash: zeroHash,
  packets: [],
});
