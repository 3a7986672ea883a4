/** `@sealdesk/client`: a member device, from signing in to decrypted messages. */
export type { KeyLogEvidence } from "./key-log/evidence.ts";
export type { KeyLogRestore } from "./key-log/kept-restores.ts";
export type { UnconfirmedHead } from "./key-log/heard-heads.ts";
export type { LogRestored } from "./key-log/log-restored.ts";
export type { UnwitnessedLog } from "./key-log/witness-quorum.ts";
export { Sealdesk } from "./sealdesk.ts";
export type { SealdeskUser } from "./device/account.ts";
export type { SealdeskEvents, SecurityEvent, UserPresence } from "./events.ts";
export type {
  AccountCredentials,
  AccountPasskey,
  PasswordResetLink,
  TotpEnrolment,
} from "./device/credentials.ts";
export type {
  AcknowledgedRequest,
  CopyState,
  ErasureProgress,
  OwnRequest,
  ModerationDecision,
  OwnRestriction,
} from "./device/rights.ts";
export { openRequestLink, type LinkedRequest, type RequestLink } from "./device/request-link.ts";
export type { Right } from "../contract/requests.ts";
export type { ConnectOptions, KeyLogWitnesses } from "./options.ts";
export type { Credentials, FactorRequest, TokenRequest } from "./http/session.ts";
export { identityProviders } from "./sign-in/identity-providers.ts";
export { fullPageRedirect } from "./sign-in/full-page.ts";
export type {
  Authorize,
  IdentityProvider,
  OidcCredentials,
  SignInAttempt,
} from "./sign-in/authorize.ts";
export type {
  MakePasskey,
  PasskeyCredentials,
  PasskeyRequest,
  UsePasskey,
} from "./sign-in/passkeys.ts";
export type { FactorCode } from "../contract/sessions.ts";
export type { StaffMember } from "./http/conversation-api.ts";
export type { ResetReason } from "../contract/devices.ts";
export type { SafetyNumbers } from "./device/account-keys.ts";
export type { SafetyCode, SafetyVerdict } from "./device/safety-code.ts";
export type { DeviceLink } from "./linking/link-device.ts";
export type { ApprovalOptions, NewDevice, OwnDevice } from "./linking/own-devices.ts";
export type { DeviceChange } from "./conversation/device-change.ts";
export type { Conversation } from "./conversation/conversation.ts";
export type { MemberActivity } from "./conversation/activities.ts";
export { maxTextBytes } from "./conversation/text-size.ts";
export type { SentMessage } from "./conversation/waiting-messages.ts";
export type { OutgoingAttachment, UploadProgress } from "./attachments/outgoing.ts";
export type { AttachmentData } from "./attachments/pieces.ts";
export type {
  ConsentCalls as Consents,
  NoticeCalls as Notices,
  RightCalls as Rights,
} from "./consents/when-called.ts";
export type { ExportProgress, ExportTarget, WrittenPart } from "./export/target.ts";
export type { WrittenCopy } from "./export/take-copy.ts";
export type { ConsentRequest, ConsentWithdrawal, OwnConsent } from "./consents/consents.ts";
export type { PublishedNotice } from "./consents/notices.ts";
export type { ConsentRecord, LawfulBasis } from "../crypto/wire/consent-record.ts";
export type { Purpose } from "../crypto/wire/purposes.ts";
export type { ReportRequest } from "./conversation/report-messages.ts";
export type { GrantedHistory, GrantRequest } from "./history/history-granter.ts";
export type { HistoryProgress } from "./history/progress.ts";
export type { BreakGlass, Consent, GrantPurpose, HistoryGrant } from "../crypto/wire/receipt.ts";
export type {
  AttachmentItem,
  ConsentItem,
  ConversationItem,
  ArrivedUnseenItem,
  DepartedUnseenItem,
  GapItem,
  HistoryGrantedItem,
  EventProblemCode,
  LogProblemCode,
  MembershipItem,
  MessageDeletedItem,
  MessageItem,
  ReceivedAttachment,
  Revision,
  ProblemCode,
  ProblemItem,
  ServerRestoredItem,
} from "./conversation/items.ts";
export type { Evidence, EvidencedEvent } from "./conversation/evidence.ts";
export { SealdeskError, type SealdeskErrorCode } from "./errors.ts";
export { verifyCertificate } from "./certificate/verify-certificate.ts";
export type { Certificate } from "../audit/verify/certificate/certificate.ts";
export { openStore } from "./open-store.ts";
export type { StoreLocks } from "./store-lock.ts";
export type {
  Clock,
  Fetch,
  HttpResponse,
  Runtime,
  WebSocketConstructor,
  WebSocketLike,
} from "./runtime.ts";
export type { BackoffLimits } from "./transport/backoff.ts";
export type { KeepaliveLimits } from "./transport/heartbeat.ts";
export {
  StoreError,
  type DeviceStore,
  type Level,
  type StoreErrorCode,
} from "../crypto/device/store.ts";
export type { Suite } from "../crypto/device/suite.ts";
export type { Member } from "../crypto/wire/frame.ts";
export type {
  CaseId,
  ConsentId,
  ConversationId,
  DeviceId,
  Given,
  GrantId,
  MessageId,
  UserId,
} from "../crypto/wire/ids.ts";
export type { Uuid } from "../crypto/wire/uuid.ts";
