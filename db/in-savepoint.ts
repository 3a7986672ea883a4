import type { Client } from "./pool.ts";

/**
 * Runs a part of the open transaction. If it throws, what it did is undone, and the transaction can go on.
 * @throws the error of `work`; Error of the database, if the session has ended
 */
export async function inSavepoint<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query("savepoint part");
  try {
    const result = await work();
    await client.query("release savepoint part");
    return result;
  } catch (error) {
    await client.query("rollback to savepoint part; release savepoint part");
    throw error;
  }
}
