import type { DeviceId } from "../../crypto/wire/ids.ts";
import { CasePending, type Step } from "../cases/case-kind.ts";
import type { ErasureDeps } from "./erasure-deps.ts";
import { readErasure, recordStore } from "./erasure-rows.ts";

/**
 * Removes what nodes share about the person. The step is taken when no node uses a destroyed key any more. While the shared service does not answer, the case waits for it.
 */
export const forgetOnNodes =
  ({ forgetShared }: Pick<ErasureDeps, "forgetShared">): Step =>
  async ({ client, tenant, found, nowMs }) => {
    const { subject } = await readErasure(client, found.id);
    const { rows } = await client.query<{ id: DeviceId }>(
      "select id from devices where user_id = $1",
      [subject],
    );
    try {
      await forgetShared([subject, ...rows.map(({ id }) => id)]);
    } catch (cause) {
      throw new CasePending("nodes", { cause });
    }
    await recordStore(client, tenant, found, "nodes", nowMs);
    return { to: "notifying" };
  };
