/** Breaches of the security of data, as officers handle them. */
import type { CaseId } from "../../crypto/wire/ids.ts";
import type { Reply, TestDevice } from "./device.ts";
import type { TestServer } from "./server.ts";
import { until } from "./until.ts";

const HOUR_MS = 3_600_000;

/** Opens the case of a breach that was discovered two hours ago. */
export function openBreachBy(
  { clock }: Pick<TestServer, "clock">,
  officer: TestDevice,
  more: object = {},
): Promise<Reply> {
  const nowMs = clock.now();
  const body = {
    description: "A copy of the database was found on a stranger's computer",
    taken: [{ what: "metadata", atMs: nowMs }],
    regimes: ["gdpr"],
    discoveredAtMs: nowMs - 2 * HOUR_MS,
    ...more,
  };
  return officer.request("POST", "/v1/breaches", { body });
}

export const breachStep = (officer: TestDevice, id: string, body: object): Promise<Reply> =>
  officer.request("POST", `/v1/breaches/${id}/steps`, { body });

/** Resolves with the breach when its case waits for officers, or is in another state. */
export async function breachReached(
  officer: TestDevice,
  id: CaseId,
  state = "open",
): Promise<Reply["body"]> {
  let shown: Reply | undefined;
  await until(async () => {
    shown = await officer.request("GET", `/v1/breaches/${id}`);
    return shown.body["state"] === state;
  });
  return shown?.body;
}
