import { writeSumsPeriodically } from "../audit/write-sums.ts";
import type { Pool } from "../db/pool.ts";
import type { KeyTree } from "../keys/at-rest/key-tree.ts";
import { rewrapPeriodically } from "../keys/at-rest/rewrap-periodically.ts";
import type { AuthorityDeps } from "../identity/authority/current-key.ts";
import { keepRetiredDestroyed } from "../identity/authority/destroy-retired.ts";
import { keepCertified } from "../identity/authority/keep-certified.ts";
import { deliverAlertsPeriodically } from "../identity/alerts/webhook/deliver-alerts.ts";
import type { OutgoingReach } from "../keys/environment/outgoing-reach.ts";
import { sweepAnonymousPeriodically } from "../identity/accounts/sweep-anonymous.ts";
import { sweepLinksPeriodically } from "../identity/linking/sweep-links.ts";
import { forgetSaltsPeriodically } from "../identity/tokens/network-pseudonyms.ts";
import type { RefusedSignIns } from "../identity/tokens/refused-sign-ins.ts";
import { recordEffectivePeriodically } from "../identity/policy/record-effective.ts";
import type { Disconnect } from "../identity/tokens/disconnect.ts";
import { sweepSessionsPeriodically } from "../identity/tokens/sweep-sessions.ts";
import type { AttachmentDeps } from "../messaging/attachments/attachment-deps.ts";
import { sweepAttachmentsPeriodically } from "../messaging/attachments/sweep.ts";
import { endOverduePeriodically } from "../messaging/break-glass/end-access.ts";
import { sweepDaysPeriodically } from "../messaging/storage/sweep-days.ts";
import { escalateWaitingPeriodically } from "../workflows/holds/escalate-waiting.ts";
import type { ErasureDeps } from "../workflows/erasure/erasure-deps.ts";
import { createCaseKinds } from "../workflows/case-kinds.ts";
import { runCasesPeriodically } from "../workflows/cases/case-runner.ts";
import { sweepEmailRequestsPeriodically } from "../workflows/requests/sweep-email-requests.ts";
import { destroyReportsPeriodically } from "../workflows/retention/destroy-reports.ts";
import { purgePeriodically } from "../workflows/retention/purge.ts";
import type { Kms } from "../keys/kms/kms.ts";
import { watchClock } from "./clock-watch.ts";
import type { Closers } from "./closers.ts";
import { describeError, type Log } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";

interface Deps {
  readonly pool: Pool;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly keyTree: KeyTree;
  readonly kms: Kms;
  readonly attachments: AttachmentDeps;
  readonly authority: AuthorityDeps;
  readonly metrics: Metrics | undefined;
  /** Time between two looks at the node's clock. */
  readonly clockEveryMs: number;
  readonly refusedSignIns: RefusedSignIns;
  readonly disconnect: Disconnect;
  /** Which servers of tenants may be reached. */
  readonly outgoing: OutgoingReach;
  readonly erasure: ErasureDeps;
}

/** Starts what the server does by itself from time to time. A failure is logged. */
export function startPeriodicTasks(deps: Deps, closers: Closers): void {
  const { pool, now, log, keyTree, kms, attachments, authority, metrics } = deps;
  const { clockEveryMs, refusedSignIns, disconnect, erasure } = deps;
  const destroy = { keystore: keyTree.pool, apart: erasure.isApart ? pool : undefined, now };
  const logged = (message: string) => (error: unknown) => log.error(message, describeError(error));
  const stops = [
    rewrapPeriodically(
      { ...keyTree, data: pool },
      logged("keys could not be rewrapped"),
      metrics?.keystore.rewrapRemaining,
    ),
    keepCertified(
      authority,
      (accounts) => log.warn("the authority does not know accounts as staff", { accounts }),
      logged("staff could not be certified"),
    ),
    keepRetiredDestroyed({ pool, kms }, logged("former keys of authorities are not destroyed yet")),
    sweepAttachmentsPeriodically(attachments, logged("attachments could not be swept")),
    sweepLinksPeriodically({ pool, now }, logged("link requests could not be swept")),
    forgetSaltsPeriodically({ pool, now }, logged("salts of networks could not be deleted")),
    sweepEmailRequestsPeriodically(
      { pool },
      logged("addresses of requests could not be forgotten"),
    ),
    sweepSessionsPeriodically({ pool, now }, logged("ended sessions could not be swept")),
    sweepAnonymousPeriodically(
      { pool, now },
      logged("unused anonymous accounts could not be swept"),
    ),
    sweepDaysPeriodically({ pool, now }, logged("counts of past days could not be swept")),
    recordEffectivePeriodically(
      { pool, now },
      logged("versions of policies could not be recorded"),
    ),
    endOverduePeriodically(
      { pool, now, disconnect },
      logged("the end of access by break-glass could not be recorded"),
    ),
    purgePeriodically(
      { pool, now, destroy, isResting: true },
      logged("records whose retention is over could not be purged"),
    ),
    destroyReportsPeriodically(
      { pool, now, keystore: erasure.isApart ? keyTree.pool : undefined },
      logged("what reports disclose could not be destroyed"),
    ),
    escalateWaitingPeriodically(
      { pool, now },
      logged("erasures that wait for an officer could not be escalated"),
    ),
    runCasesPeriodically({
      pool,
      now,
      kinds: createCaseKinds({
        erasure,
        breach: { data: pool, keystore: keyTree, heads: erasure.heads, disconnect },
        exporting: { pool, scopeKeys: keyTree.scopes },
      }),
      onError: logged("a step of a case failed"),
    }),
    deliverAlertsPeriodically(
      {
        pool,
        now,
        subjects: keyTree.subjects,
        reach: deps.outgoing,
        onFailing: (tenant, answer) =>
          log.warn("a webhook does not take alerts", { tenant, ...answer }),
      },
      logged("alerts could not be sent"),
    ),
    writeSumsPeriodically({ pool, now }, logged("sums of repeated acts could not be written")),
    watchClock({ pool, now, log }, clockEveryMs, logged("the clock could not be compared")),
    refusedSignIns.writePeriodically(
      { pool, now },
      logged("counts of refused sign-ins could not be written"),
    ),
  ];
  for (const stop of stops) closers.add(stop);
}
