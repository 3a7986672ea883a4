import type { TenantId } from "../../../crypto/wire/ids.ts";
import { FairSemaphore, fairPlaces } from "../../../db/fairness/fair-semaphore.ts";

/** The fetches of one node at the same time. A tenant has one, so slow servers of few tenants delay no other. */
const fetches = new FairSemaphore({
  ...fairPlaces(8),
  places: { node: 8, tenant: 1, account: 1 },
  heavy: { tenant: 1, account: 1 },
});

/**
 * Fetches a key set for a tenant when it is its turn.
 * @throws OverloadError overloaded; what `fetchSet` throws
 */
export const fetchInTurn = <T>(tenant: TenantId, fetchSet: () => Promise<T>): Promise<T> =>
  fetches.run({ tenant, account: "key set" }, fetchSet);
