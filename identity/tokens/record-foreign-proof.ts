import { appendRefusal } from "../../audit/append-refusal.ts";
import type { Pool } from "../../db/pool.ts";
import type { AccessClaims } from "./access-token.ts";

/**
 * Records that somebody sent an access token with a proof of another key than the token is bound to.
 * The token is probably stolen. After the first ones of the account in an hour, they are only counted.
 */
export async function recordForeignProof(
  pool: Pool,
  { tenant, user, session }: Pick<AccessClaims, "tenant" | "user" | "session">,
  nowMs: number,
): Promise<void> {
  await appendRefusal(pool, {
    occurredAtMs: nowMs,
    tenant,
    // The sender has not proved to be the user.
    actor: { kind: "system", id: "authentication" },
    action: "session.authenticate",
    resource: { type: "session", id: session },
    subject: user,
    outcome: "refused",
    reason: "foreign_proof",
    session,
  });
}
