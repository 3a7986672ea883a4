/** What a device of the model knows. */
import type { LoggedItem } from "../../client/conversation/items.ts";
import type { ConversationState } from "../../client/conversation/state.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { Owner } from "./cast.ts";
import type { Content, Message, Placed, Said } from "./events.ts";
import type { Shown } from "./shown.ts";

/** What a device has of one event or gap. */
export interface Kept {
  /** Undefined for a gap, of which `seq` is the last event. */
  readonly placed: Placed | undefined;
  readonly items: readonly LoggedItem[];
  /** The message that was shown, whatever else was shown with it. */
  readonly said: Said | undefined;
  readonly after: ConversationState;
  /** See `Device`, when it came. */
  readonly caughtUp: number;
  /** The members after it, as text. */
  readonly members: string;
}

export interface Device {
  readonly owner: Owner;
  /** All that has happened to the device. It determines the rest. */
  readonly path: string;
  readonly state: ConversationState | undefined;
  /** By seq, in its order. */
  readonly kept: ReadonlyMap<number, Kept>;
  readonly said: readonly Message[];
  /** The membership events that its user asked for. The relay has them, and may never show them. */
  readonly did: readonly Content[];
  readonly shown: Shown;
  /** The number of its last hello. */
  readonly hello: number;
  /** The number of the last hello after which the conversation caught up, or 0. */
  readonly caughtUp: number;
  /** The devices whose removal it has read in the key log, each with the number of its last hello then. */
  readonly removals: ReadonlyMap<DeviceId, number>;
}
