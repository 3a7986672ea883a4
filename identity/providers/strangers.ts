import { nilId, type TenantId } from "../../crypto/wire/ids.ts";
import { FairSemaphore, fairPlaces } from "../../db/fairness/fair-semaphore.ts";
import { runFor } from "../../db/fairness/requester.ts";

/** How many requests of a kind are served at the same time. A provider may keep logouts waiting. */
const turns = {
  list: new FairSemaphore(fairPlaces(8, 2)),
  logout: new FairSemaphore(fairPlaces(8, 2)),
};

/**
 * Runs the work of a request from somebody who is not signed in. Sites take turns, so that they leave
 * turns to each other, and the database to those who are signed in.
 * @param site the site that the request comes from
 * @throws OverloadError overloaded
 */
export function asStranger<T>(
  kind: keyof typeof turns,
  site: string,
  work: () => Promise<T>,
): Promise<T> {
  const holder = { tenant: nilId<TenantId>(), account: `identity providers from ${site}` };
  return turns[kind].run(holder, () => runFor(holder, work));
}
