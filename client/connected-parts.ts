import type { NewId } from "../crypto/wire/ids.ts";
import type { SigningKeyPair } from "../crypto/device/sodium.ts";
import type { DeviceStore } from "../crypto/device/store.ts";
import type { Account } from "./device/account.ts";
import type { AccountCredentials } from "./device/credentials.ts";
import type { PersonActivity } from "./device/person-activity.ts";
import type { SealdeskError } from "./errors.ts";
import type { Api } from "./http/api.ts";
import type { Request } from "./http/transport.ts";
import type { MemberDevice } from "./member-device.ts";
import type { Clock } from "./runtime.ts";

/** The parts of a connected device. */
export interface ConnectedParts {
  readonly account: Account;
  readonly api: Api;
  readonly request: Request;
  readonly deviceKey: SigningKeyPair;
  readonly store: DeviceStore;
  readonly newId: NewId;
  readonly clock: Clock;
  /** Undefined without a cipher suite. */
  readonly member: MemberDevice | undefined;
  readonly stop: (reason: SealdeskError) => Promise<void>;
  readonly signOut: () => Promise<void>;
  readonly credentials: AccountCredentials;
  readonly activity: PersonActivity;
}
