import type { SignedReceipt } from "../../crypto/wire/frame.ts";
import type { ConversationLog } from "../conversation/log.ts";
import { isProblem } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { sleep, type Clock } from "../runtime.ts";
import { headToSign, type HeadToSign } from "./head-to-sign.ts";

/** A log on whose last event a receipt is signed. */
export type SignableLog = Pick<ConversationLog, "id" | "state" | "cursor" | "until">;

export interface PostSignedDeps {
  readonly api: Pick<Api, "readConversation">;
  /** The time that this device measures by itself. */
  readonly localClock: Clock;
}

const attempts = 10;
/** The wait before the second attempt. Each further one is longer by as much. */
const waitMs = 50;
/** The time that the log has to come as far as the server says it is. */
const catchUpWithinMs = 10_000;

/**
 * Signs and posts a receipt on the last event of the log. If the conversation goes on meanwhile, signs
 * again on its new end, ten times at most.
 * @throws SealdeskError server_error with `problem` stale_record: other changes were always first
 * @throws SealdeskError membership_unverified, and those of the requests
 */
export async function postSigned<T>(
  deps: PostSignedDeps,
  log: SignableLog,
  sign: (head: HeadToSign) => Promise<SignedReceipt>,
  post: (signed: SignedReceipt) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const signed = await sign(await headToSign(deps.api, log));
    try {
      return await post(signed);
    } catch (error) {
      if (!isStale(error) || attempt === attempts) throw error;
      await sleep(deps.localClock, attempt * waitMs, new AbortController().signal);
      await catchUp(deps, log);
    }
  }
}

/** Returns whether the conversation went on after the receipt was signed. */
export const isStale = (error: unknown): boolean => isProblem(error, "stale_record");

/** Waits until this device has seen the events that the server has now. */
export async function catchUp(
  { api, localClock }: PostSignedDeps,
  log: SignableLog,
): Promise<void> {
  if (log.state?.joined !== true) return;
  const { head } = await api.readConversation(log.id);
  const limit = new AbortController();
  const cancel = localClock.after(catchUpWithinMs, () => limit.abort());
  try {
    await log.until(() => log.cursor >= head.seq, limit.signal);
  } finally {
    cancel();
  }
}
