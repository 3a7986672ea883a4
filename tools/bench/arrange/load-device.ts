import type { UserId, DeviceId, ConversationId, SessionId } from "../../../crypto/wire/ids.ts";
import type { SealdeskLinkSpec } from "../load/party.ts";

/** A registered device of an account of its own. A load process speaks for it. */
export interface LoadDevice {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly session: SessionId;
  readonly thumbprint: string;
  readonly jwk: SealdeskLinkSpec["jwk"];
}

export interface LoadConversation {
  readonly id: ConversationId;
  readonly devices: readonly LoadDevice[];
}
