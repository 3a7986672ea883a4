import type { Step } from "../cases/case-kind.ts";
import { assertErasable } from "./assert-erasable.ts";
import type { ErasureDeps } from "./erasure-deps.ts";
import { readErasure } from "./erasure-rows.ts";

/**
 * The window in which the plan can be contested is over when this step is taken. The plan can still be contested while the
 * ledger cannot be used, because it would not keep a withdrawal. Somebody may have disabled the other administrators since
 * the erasure began: then it waits for another one.
 */
export const endWindow =
  ({ ledger }: ErasureDeps): Step =>
  async ({ client, tenant, found }) => {
    const { subject } = await readErasure(client, found.id);
    await assertErasable(client, tenant, subject);
    await ledger.lockEnd(client);
    return { to: "shredding" };
  };
