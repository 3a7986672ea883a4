import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { TenantId, ConversationId } from "../../crypto/wire/ids.ts";
import { MessagingError } from "../messaging-error.ts";
import type { LoggedEvent } from "./event.ts";
import type { ConversationHead } from "./head.ts";
import { loadHead } from "./load-head.ts";

/** The result of a change inside a conversation's log: its events, and an answer for the caller. */
export interface Change<T> {
  readonly events: readonly LoggedEvent[];
  readonly answer: T;
}

/**
 * Stores the events that it returns itself. The head is undefined if there is no such conversation.
 */
export type ChangeWork<T> = (
  client: Client,
  head: ConversationHead | undefined,
) => Promise<Change<T>>;

const CHANGE_ATTEMPTS = 8;

/**
 * Runs `work` in one transaction with the current head. If another writer appended first, it runs
 * `work` again on a new head.
 * @throws MessagingError contended, subject_erased, processing_restricted, and the errors of `work`
 */
export async function attemptChange<T>(
  { pool, now }: { readonly pool: Pool; readonly now: () => number },
  tenant: TenantId,
  conversation: ConversationId,
  work: ChangeWork<T>,
): Promise<Change<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(pool, tenant, async (client) => {
        const head = await loadHead(client, conversation, now());
        if (head?.isFenced === true) throw subjectErased();
        if (head?.isRestricted === true) throw processingRestricted();
        return work(client, head);
      });
    } catch (error) {
      if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
      if (attempt === CHANGE_ATTEMPTS)
        throw new MessagingError("contended", "The conversation is busy. Try again.", {
          cause: error,
        });
    }
  }
}

const subjectErased = (): MessagingError =>
  new MessagingError(
    "subject_erased",
    "The person whom this conversation is about is being erased. Nothing in it can be changed.",
  );

const processingRestricted = (): MessagingError =>
  new MessagingError(
    "processing_restricted",
    "The processing of this conversation is restricted. Nothing in it can be changed before the restriction ends.",
  );
