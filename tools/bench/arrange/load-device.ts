import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { SealdeskLinkSpec } from "../load/party.ts";

/** A registered device of an account of its own. A load process speaks for it. */
export interface LoadDevice {
  readonly user: Uuid;
  readonly device: Uuid;
  readonly session: Uuid;
  readonly thumbprint: string;
  readonly jwk: SealdeskLinkSpec["jwk"];
}

export interface LoadConversation {
  readonly id: Uuid;
  readonly devices: readonly LoadDevice[];
}
