import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { UserId, DeviceId, ConversationId } from "../../../crypto/wire/ids.ts";
import type { SealdeskLinkSpec } from "../load/party.ts";

/** A registered device of an account of its own. A load process speaks for it. */
export interface LoadDevice {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly session: Uuid;
  readonly thumbprint: string;
  readonly jwk: SealdeskLinkSpec["jwk"];
}

export interface LoadConversation {
  readonly id: ConversationId;
  readonly devices: readonly LoadDevice[];
}
