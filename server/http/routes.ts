import type { Pool } from "../../db/pool.ts";
import type { LogSigner } from "../../audit/logs.ts";
import type { NewId } from "../../crypto/wire/ids.ts";
import type { ApiRequests } from "../../identity/administration/api-requests.ts";
import type { Profiles } from "../../identity/accounts/profiles.ts";
import type { CertifyAccount } from "../../identity/authority/certify-account.ts";
import type { Announce } from "../../identity/directory/announce.ts";
import type { TotpSecrets } from "../../identity/second-factor/totp-secrets.ts";
import type { Secret } from "../../keys/secret.ts";
import type { DestroyDeps } from "../../keys/at-rest/destroy.ts";
import type { SubjectKeys } from "../../keys/at-rest/subject-keys.ts";
import type { ProviderClients } from "../../identity/providers/provider-clients.ts";
import type { AccessTokens } from "../../identity/tokens/access-token.ts";
import type { CustomerKeyFinder } from "../../identity/tokens/customer-keys/customer-key-finder.ts";
import type { PasskeyChallenges } from "../../identity/passkeys/challenges.ts";
import type { Disconnect } from "../../identity/tokens/disconnect.ts";
import { Policies } from "../../identity/policy/policies.ts";
import { NetworkPseudonyms } from "../../identity/tokens/network-pseudonyms.ts";
import type { RefusedSignIns } from "../../identity/tokens/refused-sign-ins.ts";
import type { UsedProofs } from "../../identity/tokens/replay-cache.ts";
import type { MessagingDeps } from "../../messaging/members/facts.ts";
import type { Config } from "../config.ts";
import type { Readiness } from "../readiness.ts";
import type { MessageLimits } from "../socket/message-limits.ts";
import type { HttpConnections } from "../socket/http-connections.ts";
import type { CreateLimiter } from "./rate-limiter.ts";
import { Attempts } from "./attempts.ts";
import { signInLimits, type SignInRates } from "./sign-in-limits.ts";
import type { AttachmentDeps } from "../../messaging/attachments/attachment-deps.ts";
import type { AnyRoute } from "./route.ts";
import type { Publication } from "../../audit/read/published-log.ts";
import type { KnownHeads } from "../../audit/read/known-heads.ts";
import { LogReader } from "../../identity/audit-log/log-reader.ts";
import { MonitorReader } from "../../identity/audit-log/monitor-reader.ts";
import { administrationRoutes } from "./routes/administration/administration-routes.ts";
import { operatorRoutes } from "./routes/operator/tenants.ts";
import { alertWebhookRoutes } from "./routes/alert-webhook.ts";
import { acknowledgeAlertRoute, listAlertsRoute } from "./routes/alerts.ts";
import { approvalKinds } from "../../workflows/approval-kinds.ts";
import type { DeploymentChecksDeps } from "../../workflows/compliance/deployment-checks.ts";
import type { WithLedger } from "../../workflows/ledger/settle-deps.ts";
import { approvalRoutes } from "./routes/approvals.ts";
import { caseRoutes } from "./routes/cases.ts";
import { emailRequestRoutes } from "./routes/email-requests.ts";
import { requestRoutes } from "./routes/requests.ts";
import { requestLinkRoutes } from "./routes/request-status.ts";
import { erasureConsumerRoutes } from "./routes/erasure-consumers.ts";
import { erasureRoutes } from "./routes/erasures.ts";
import { breachRoutes } from "./routes/breaches.ts";
import { complianceRoute } from "./routes/compliance.ts";
import { exportRoutes } from "./routes/exports.ts";
import { breakGlassRoutes } from "./routes/break-glass.ts";
import { listDevicesRoute, listStaffRoute, resetAccountRoute } from "./routes/accounts.ts";
import { downloadAttachmentRoute } from "./routes/attachments/download.ts";
import {
  continueUploadRoute,
  createUploadRoute,
  readUploadRoute,
  terminateUploadRoute,
} from "./routes/attachments/upload.ts";
import { UploadTurns } from "./routes/attachments/upload-turns.ts";
import {
  auditTilesRoute,
  listAccountsRoute,
  readDisclosuresRoute,
  readNamesRoute,
  searchAuditRoute,
  tailAuditRoute,
} from "./routes/audit.ts";
import {
  changePasswordRoute,
  createPasswordResetRoute,
  redeemPasswordResetRoute,
} from "./routes/credentials.ts";
import {
  closeConversationRoute,
  createConversationRoute,
  listConversationsRoute,
  readConversationRoute,
} from "./routes/conversations.ts";
import {
  registerDeviceRoute,
  removeDeviceRoute,
  renewDeviceListRoute,
  revokeDeviceRoute,
} from "./routes/devices.ts";
import { holdRoutes } from "./routes/holds.ts";
import { erasureNoticeRoutes } from "./routes/erasure-notices.ts";
import { healthRoute, readyRoute } from "./routes/health.ts";
import { consentRoutes } from "./routes/consents.ts";
import { reportRoutes } from "./routes/reports.ts";
import { restrictionRoutes } from "./routes/restrictions.ts";
import { retentionRoutes } from "./routes/retention.ts";
import { grantHistoryRoute, readLinksRoute } from "./routes/history.ts";
import {
  authorityKeysRoute,
  keyHistoryRoute,
  keyLogCheckpointRoute,
  keyLogConsistencyRoute,
  keyLogRestoresRoute,
} from "./routes/key-log.ts";
import {
  approveLinkRoute,
  readLinkRoute,
  refuseLinkRoute,
  requestLinkRoute,
  withdrawLinkRoute,
} from "./routes/linking.ts";
import { addMemberRoute, removeMemberRoute } from "./routes/members.ts";
import {
  checkPreKeysRoute,
  countPreKeysRoute,
  takeBundleRoute,
  uploadPreKeysRoute,
} from "./routes/prekeys.ts";
import { backchannelLogoutRoute, listIdentityProvidersRoute } from "./routes/identity-providers.ts";
import { noticeRoutes } from "./routes/notices.ts";
import { policyRoutes } from "./routes/policy.ts";
import { provisioningRoutes } from "./routes/provisioning/provisioning-routes.ts";
import { monitorRoute } from "./routes/monitor.ts";
import { relayEventsRoute, relayStreamRoute } from "./routes/relay/receive.ts";
import { relaySendRoute } from "./routes/relay/send.ts";
import { endSessionRoute, listSessionsRoute, reportActivityRoute } from "./routes/own-sessions.ts";
import {
  confirmTotpRoute,
  enrolTotpRoute,
  removeTotpRoute,
  resetTotpRoute,
  stepUpRoute,
} from "./routes/second-factor.ts";
import { passkeyRoutes } from "./routes/passkeys.ts";
import { closeSessionRoute, openSessionRoute, renewSessionRoute } from "./routes/sessions.ts";

export interface RoutesDeps {
  readonly config: SignInRates &
    Pick<Config, "registrationLimit" | "bundleLimit" | "linkLimit" | "outgoing">;
  readonly pool: Pool;
  /** The login of API keys' changes, if it may act as sealdesk_owner. */
  readonly ownerUrl: string;
  readonly apiRequests: ApiRequests;
  readonly now: () => number;
  readonly newId: NewId;
  readonly publicUrl: string;
  readonly accessTokens: AccessTokens;
  readonly blindIndexKeys: () => readonly Secret<Uint8Array>[];
  /** All franking keys, also those that were rotated. */
  readonly frankingKeys: () => readonly Secret<Uint8Array>[];
  readonly profiles: Profiles;
  /** The pool of the keystore if it has its own database. */
  readonly keystore: Pool | undefined;
  readonly subjects: SubjectKeys;
  readonly customerKeys: CustomerKeyFinder;
  readonly totpSecrets: TotpSecrets;
  readonly challenges: PasskeyChallenges;
  readonly createLimiter: CreateLimiter;
  readonly providers: ProviderClients;
  readonly signInProofs: UsedProofs;
  readonly refusedSignIns: RefusedSignIns;
  readonly announce: Announce;
  /** Is told of a reset that could not be announced. */
  readonly onUnannounced: (error: unknown) => void;
  /** Certifies an account if it is staff. It does not fail. */
  readonly certify: CertifyAccount;
  readonly disconnect: Disconnect;
  readonly overHttp: HttpConnections;
  readonly messaging: MessagingDeps;
  /** The rates at which conversations may be begun. */
  readonly creationLimits: MessageLimits;
  readonly attachments: AttachmentDeps;
  /** Aborted when the server stops. Answers that never end by themselves then end. */
  readonly stopping: AbortSignal;
  /** The heads of the audit logs that this node saw. */
  readonly heads: KnownHeads;
  /** Who must have cosigned the head of a tenant's audit log before it is served as files. */
  readonly publication: Publication;
  /** Signs the logs, and statements about consents. */
  readonly logSigner: LogSigner;
  /** Runs work on the erasure ledger. */
  readonly withLedger: WithLedger;
  readonly readiness: () => Promise<Readiness>;
  /** What the checks of the deployment look at. */
  readonly checks: Pick<DeploymentChecksDeps, "keystore" | "kms" | "facts">;
  /** Destroys the keys of what is removed. */
  readonly destroying: DestroyDeps;
}

/** Creates every route of the control plane. Each gets only its own dependencies. */
export function createRoutes(deps: RoutesDeps): readonly AnyRoute[] {
  const { pool, now, newId, publicUrl, accessTokens, blindIndexKeys, profiles } = deps;
  const { announce, disconnect, messaging, createLimiter, providers, totpSecrets, challenges } =
    deps;
  const { withLedger } = deps;
  const { registrationLimit, bundleLimit, linkLimit } = deps.config;
  const useCase = { pool, now };
  const policies = new Policies();
  const auditLog = { ...useCase, heads: deps.heads };
  const keyLog = { ...useCase, logKey: deps.logSigner.publicKey };
  const uploads = deps.attachments;
  const pseudonyms = new NetworkPseudonyms(pool, blindIndexKeys);
  const { signInLimit, networkSignInLimit } = deps.config;
  const tus = { uploads, publicUrl, newId, turns: new UploadTurns() };
  const credentials = {
    ...useCase,
    profiles,
    totpSecrets,
    challenges,
    newId,
    disconnect,
    attempts: new Attempts(createLimiter("credentials", signInLimit)),
  };
  return [
    openSessionRoute({
      ...useCase,
      newId,
      publicUrl,
      accessTokens,
      blindIndexKeys,
      profiles,
      customerKeys: deps.customerKeys,
      providers,
      disconnect,
      totpSecrets,
      challenges,
      // Kept apart from the proofs of signed-in accounts, so that strangers cannot fill their
      // space.
      replays: deps.signInProofs,
      refused: deps.refusedSignIns,
      pseudonyms,
      limitsOf: signInLimits(createLimiter, deps.config),
    }),
    listIdentityProvidersRoute({ pool }),
    backchannelLogoutRoute({
      logOut: { ...useCase, providers, blindIndexKeys, disconnect },
      attempts: new Attempts(createLimiter("logout-network", deps.config.networkSignInLimit)),
    }),
    renewSessionRoute({ ...useCase, accessTokens }),
    closeSessionRoute({ ...useCase, disconnect }),
    listSessionsRoute(useCase),
    reportActivityRoute(useCase),
    endSessionRoute({ ...useCase, disconnect }),
    changePasswordRoute(credentials),
    enrolTotpRoute(credentials),
    confirmTotpRoute(credentials),
    removeTotpRoute({ ...useCase, disconnect }),
    resetTotpRoute({ ...useCase, disconnect }),
    stepUpRoute(credentials),
    ...passkeyRoutes(credentials),
    createPasswordResetRoute({ ...useCase, publicUrl }),
    redeemPasswordResetRoute({
      ...useCase,
      profiles,
      disconnect,
      pseudonyms,
      attempts: new Attempts(createLimiter("password-reset-network", networkSignInLimit)),
    }),
    registerDeviceRoute({
      ...useCase,
      announce,
      certify: deps.certify,
      byKey: createLimiter("registration-key", registrationLimit),
      byAccount: createLimiter("registration", registrationLimit),
    }),
    removeDeviceRoute({ ...useCase, announce, disconnect }),
    revokeDeviceRoute({ ...useCase, announce, disconnect }),
    renewDeviceListRoute(useCase),
    resetAccountRoute({ ...useCase, announce, disconnect }),
    listDevicesRoute({ ...useCase, profiles }),
    keyHistoryRoute(keyLog),
    authorityKeysRoute(keyLog),
    keyLogCheckpointRoute(keyLog),
    keyLogConsistencyRoute(keyLog),
    keyLogRestoresRoute(keyLog),
    uploadPreKeysRoute(useCase),
    countPreKeysRoute(useCase),
    checkPreKeysRoute(useCase),
    takeBundleRoute({ ...useCase, byPair: createLimiter("bundle", bundleLimit) }),
    requestLinkRoute({ ...useCase, byKey: createLimiter("link-key", linkLimit) }),
    readLinkRoute(useCase),
    approveLinkRoute(useCase),
    refuseLinkRoute(useCase),
    withdrawLinkRoute(useCase),
    listStaffRoute({ ...useCase, profiles }),
    createConversationRoute({ ...messaging, limits: deps.creationLimits }),
    listConversationsRoute(messaging),
    readConversationRoute(messaging),
    addMemberRoute(messaging),
    removeMemberRoute(messaging),
    closeConversationRoute(messaging),
    grantHistoryRoute(messaging),
    readLinksRoute(messaging),
    createUploadRoute(tus),
    // Registered before GET, which would answer HEAD too.
    readUploadRoute(tus),
    continueUploadRoute(tus),
    terminateUploadRoute(tus),
    downloadAttachmentRoute(uploads),
    relaySendRoute(deps.overHttp),
    relayEventsRoute(deps.overHttp),
    relayStreamRoute(deps.overHttp),
    auditTilesRoute(new LogReader({ ...auditLog, publication: deps.publication })),
    monitorRoute({
      reader: new MonitorReader({ ...auditLog, publication: deps.publication }),
      attempts: new Attempts(createLimiter("monitor-network", networkSignInLimit)),
    }),
    ...administrationRoutes({
      ...deps,
      requests: deps.apiRequests,
      outgoing: deps.config.outgoing,
    }),
    ...operatorRoutes({ ...deps, requests: deps.apiRequests }),
    ...provisioningRoutes({ ...deps, requests: deps.apiRequests }),
    searchAuditRoute(auditLog),
    readNamesRoute({ ...useCase, profiles }),
    listAccountsRoute(auditLog),
    readDisclosuresRoute(auditLog),
    tailAuditRoute(auditLog, deps.stopping),
    ...policyRoutes({ ...useCase, newId, profiles, policies }),
    ...approvalRoutes({
      ...useCase,
      policies,
      kinds: approvalKinds,
      newId,
      publicUrl,
      announce,
      disconnect,
    }),
    ...noticeRoutes({ ...useCase, newId }),
    ...consentRoutes({ ...messaging, heads: deps.heads, signer: deps.logSigner }),
    ...breakGlassRoutes({ ...useCase, newId, disconnect }),
    ...breachRoutes({ ...useCase, newId }),
    complianceRoute({ ...useCase, ...deps.checks, policies, withLedger }),
    ...holdRoutes({ ...useCase, newId, withLedger }),
    ...restrictionRoutes({ ...useCase, newId }),
    ...reportRoutes({
      ...useCase,
      newId,
      scopeKeys: messaging.scopeKeys,
      frankingKeys: deps.frankingKeys,
      byAccount: createLimiter("report", registrationLimit),
    }),
    ...retentionRoutes({ ...useCase, newId, withLedger }),
    ...caseRoutes(useCase),
    ...erasureNoticeRoutes({ ...auditLog, signer: deps.logSigner }),
    ...requestRoutes({ ...useCase, newId, publicUrl, withLedger }),
    ...erasureRoutes({ ...useCase, keystore: deps.keystore, withLedger }),
    ...erasureConsumerRoutes({
      ...useCase,
      newId,
      subjects: deps.subjects,
      reach: deps.config.outgoing,
      destroying: deps.destroying,
    }),
    ...exportRoutes({
      ...auditLog,
      profiles,
      scopeKeys: messaging.scopeKeys,
      signer: deps.logSigner,
    }),
    ...emailRequestRoutes({ ...useCase, newId, publicUrl, blindIndexKeys }),
    ...requestLinkRoutes({
      ...useCase,
      withLedger,
      publicUrl,
      attempts: new Attempts(createLimiter("request-link-network", networkSignInLimit)),
    }),
    listAlertsRoute(useCase),
    acknowledgeAlertRoute(useCase),
    ...alertWebhookRoutes({
      ...useCase,
      newId,
      subjects: deps.subjects,
      reach: deps.config.outgoing,
    }),
    healthRoute(),
    readyRoute(deps.readiness),
  ];
}
