import type { Pool } from "../../db/pool.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Announce } from "../../keys/directory/announce.ts";
import type { Secret } from "../../keys/secret.ts";
import type { AccessTokens } from "../../keys/tokens/access-token.ts";
import type { Disconnect } from "../../keys/tokens/disconnect.ts";
import { PROOF_MEMORY_MS } from "../../keys/tokens/device-proof.ts";
import { ReplayCache } from "../../keys/tokens/replay-cache.ts";
import type { MessagingDeps } from "../../messaging/members/facts.ts";
import type { Config } from "../config.ts";
import type { NotReadyReason } from "../readiness.ts";
import type { HttpConnections } from "../socket/http-connections.ts";
import type { CreateLimiter } from "./limits.ts";
import type { AttachmentDeps } from "../../messaging/attachments/attachment-deps.ts";
import type { AnyRoute } from "./route.ts";
import { addMemberRoute } from "./routes/add-member.ts";
import { checkPreKeysRoute } from "./routes/check-prekeys.ts";
import { closeConversationRoute } from "./routes/close-conversation.ts";
import { closeSessionRoute } from "./routes/close-session.ts";
import { countPreKeysRoute } from "./routes/count-prekeys.ts";
import { createConversationRoute } from "./routes/create-conversation.ts";
import { downloadAttachmentRoute } from "./routes/download-attachment.ts";
import { healthRoute, readyRoute } from "./routes/health.ts";
import { listConversationsRoute } from "./routes/list-conversations.ts";
import { listDevicesRoute } from "./routes/list-devices.ts";
import { listStaffRoute } from "./routes/list-staff.ts";
import { openSessionRoute } from "./routes/open-session.ts";
import { readConversationRoute } from "./routes/read-conversation.ts";
import { registerDeviceRoute } from "./routes/register-device.ts";
import { relayEventsRoute } from "./routes/relay-events.ts";
import { relaySendRoute } from "./routes/relay-send.ts";
import { relayStreamRoute } from "./routes/relay-stream.ts";
import { removeMemberRoute } from "./routes/remove-member.ts";
import { renewSessionRoute } from "./routes/renew-session.ts";
import { revokeDeviceRoute } from "./routes/revoke-device.ts";
import { takeBundleRoute } from "./routes/take-bundle.ts";
import {
  continueUploadRoute,
  createUploadRoute,
  readUploadRoute,
  terminateUploadRoute,
} from "./routes/upload-attachment.ts";
import { uploadPreKeysRoute } from "./routes/upload-prekeys.ts";
import { tusUploads } from "./tus-uploads.ts";

export interface RoutesDeps {
  readonly config: Pick<Config, "signInLimit" | "bundleLimit">;
  readonly pool: Pool;
  readonly now: () => number;
  readonly newId: () => Uuid;
  readonly publicUrl: string;
  readonly accessTokens: AccessTokens;
  readonly blindIndexKey: Secret<Uint8Array>;
  readonly createLimiter: CreateLimiter;
  readonly announce: Announce;
  readonly disconnect: Disconnect;
  readonly overHttp: HttpConnections;
  readonly messaging: MessagingDeps;
  readonly attachments: AttachmentDeps;
  readonly notReady: () => Promise<readonly NotReadyReason[]>;
}

/** Every route of the control plane, each given what it uses. */
export function createRoutes(deps: RoutesDeps): readonly AnyRoute[] {
  const { pool, now, newId, publicUrl, accessTokens, blindIndexKey } = deps;
  const { announce, disconnect, messaging, createLimiter } = deps;
  const { signInLimit, bundleLimit } = deps.config;
  const useCase = { pool, now };
  const uploads = deps.attachments;
  const tus = { uploads, publicUrl, newId, serve: tusUploads({ uploads, publicUrl }) };
  return [
    openSessionRoute({
      ...useCase,
      newId,
      publicUrl,
      accessTokens,
      blindIndexKey,
      // Apart from the proofs of those who are signed in, whose room nobody else may fill.
      replays: new ReplayCache(PROOF_MEMORY_MS),
      byAddress: createLimiter("sign-in-address", signInLimit),
      byAccount: createLimiter("sign-in-account", signInLimit),
    }),
    renewSessionRoute({ ...useCase, accessTokens }),
    closeSessionRoute({ ...useCase, disconnect }),
    registerDeviceRoute({ ...useCase, announce }),
    revokeDeviceRoute({ ...useCase, announce, disconnect }),
    listDevicesRoute(useCase),
    uploadPreKeysRoute(useCase),
    countPreKeysRoute(useCase),
    checkPreKeysRoute(useCase),
    takeBundleRoute({ ...useCase, byPair: createLimiter("bundle", bundleLimit) }),
    listStaffRoute({ pool }),
    createConversationRoute(messaging),
    listConversationsRoute(messaging),
    readConversationRoute(messaging),
    addMemberRoute(messaging),
    removeMemberRoute(messaging),
    closeConversationRoute(messaging),
    createUploadRoute(tus),
    // Before GET, which would answer HEAD too.
    readUploadRoute(tus),
    continueUploadRoute(tus),
    terminateUploadRoute(tus),
    downloadAttachmentRoute(uploads),
    relaySendRoute(deps.overHttp),
    relayEventsRoute(deps.overHttp),
    relayStreamRoute(deps.overHttp),
    healthRoute(),
    readyRoute(deps.notReady),
  ];
}
