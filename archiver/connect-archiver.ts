import { webSocket } from "../client/index.node.ts";
import { Sealdesk, type Credentials } from "../client/index.ts";
import type { DeviceStore } from "../crypto/device/store.ts";
import { signalSuite } from "../crypto/device/suites/signal/index.ts";

/** An archiver sends nothing, so these limits of its sending keys are never used. */
const limits = { maxMessages: 1, maxAgeMs: 60_000 };

export interface ConnectArchiver {
  readonly url: string;
  readonly credentials: Credentials;
  readonly store: DeviceStore;
  /** The verifier key of the tenant's key log, and the key of its authority, if you pin them. */
  readonly keyLog?: string | undefined;
  readonly authority?: string | undefined;
}

/** Connects the archiver's device. The first time, it is registered for the account. @throws SealdeskError */
export const connectArchiver = ({
  url,
  credentials,
  store,
  keyLog,
  authority,
}: ConnectArchiver): Promise<Sealdesk> =>
  Sealdesk.connect({
    url,
    credentials,
    store,
    suite: signalSuite(limits),
    webSocket,
    ...(keyLog !== undefined && { keyLog }),
    ...(authority !== undefined && { authority }),
  });
