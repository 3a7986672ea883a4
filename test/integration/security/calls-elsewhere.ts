import type { TestDevice } from "../../support/device.ts";
import type { TestServer } from "../../support/server.ts";
import type { Act } from "./act.ts";
import { breachCalls } from "./breach-calls.ts";
import { breakGlassCalls } from "./break-glass-calls.ts";
import { consentCalls } from "./consent-calls.ts";
import { erasureCalls } from "./erasure-calls.ts";
import { holdCalls } from "./hold-calls.ts";
import { passkeyCalls } from "./passkey-calls.ts";
import { reportCalls } from "./report-calls.ts";
import { requestCalls } from "./request-calls.ts";
import { restrictionCalls } from "./restriction-calls.ts";
import { retentionCalls } from "./retention-calls.ts";

/** The calls of routes that have files of their own. */
export const callsElsewhere = (participants: {
  readonly server: TestServer;
  readonly customer: TestDevice;
  readonly agent: TestDevice;
}): Readonly<Record<string, () => Promise<Act>>> => ({
  ...passkeyCalls(participants.server, participants.agent),
  ...breakGlassCalls(participants),
  ...consentCalls(participants),
  ...holdCalls(participants),
  ...restrictionCalls(participants.server),
  ...retentionCalls(participants),
  ...requestCalls(participants.server),
  ...erasureCalls(participants.server),
  ...breachCalls(participants.server),
  ...reportCalls(participants.server),
});
