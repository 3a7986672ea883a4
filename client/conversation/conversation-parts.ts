import type { ActivityKind } from "../../crypto/wire/frame.ts";
import type { ConversationId, MessageId } from "../../crypto/wire/ids.ts";
import type { FreshConsentCalls } from "../consents/fresh-consents.ts";
import type { SealdeskError } from "../errors.ts";
import type { UnreachableDevice } from "../events.ts";
import type { HistoryExchange } from "../history/exchange.ts";
import type { Api } from "../http/api.ts";
import type { ListFreshness } from "../key-log/list-freshness.ts";
import type { AcceptMembersDeps } from "./accept-members.ts";
import type { Acknowledger } from "./acknowledger.ts";
import { Conversation, type Files } from "./conversation.ts";
import { deviceChange, type DeviceChange } from "./device-change.ts";
import { itemsOf } from "./history.ts";
import type { ArrivedUnseenItem, ProblemItem } from "./items.ts";
import { ConversationLog } from "./log.ts";
import type { LookUpDeps } from "./look-up.ts";
import type { OutboxEntry } from "./outbox.ts";
import { Receiver, type Recorded } from "./receiver.ts";
import type { RecordingDeps } from "./record-event.ts";
import { Sender } from "./sender.ts";
import type { SenderDeps } from "./sender-deps.ts";
import type { ConversationState } from "./state.ts";

/** The dependencies and listeners of every conversation. */
export interface ConversationDeps
  extends
    Omit<RecordingDeps, "keyLog" | "lists">,
    Pick<LookUpDeps, "authority">,
    Pick<SenderDeps, "sign" | "clock" | "renewal" | "newId" | "transmit" | "onFailure"> {
  readonly keyLog: RecordingDeps["keyLog"] & SenderDeps["keyLog"];
  readonly lists: SenderDeps["lists"] & Pick<ListFreshness, "readAgain">;
  readonly api: Pick<
    Api,
    | "accountOf"
    | "takeBundle"
    | "addMember"
    | "removeMember"
    | "closeConversation"
    | "memberOf"
    | "readConversation"
    | "keyLogCheckpoint"
  >;
  /** Closes the connection so that another one replaces it. */
  readonly recycle: (reason: string) => void;
  /** The first event of a conversation that was not known before is in the store. */
  readonly onConversation: (conversation: Conversation) => void;
  /** The consents that this device relies on. */
  readonly consents: FreshConsentCalls;
  /** The person wrote or typed something. */
  readonly onPersonActed: () => void;
  readonly onProblem: (conversation: Conversation, problem: ProblemItem) => void;
  readonly onDevice: (change: DeviceChange) => void;
  /** Somebody came unseen. Nothing was sealed for them yet. */
  readonly onArrival: (conversation: Conversation, arrived: ArrivedUnseenItem) => void;
  readonly onHeld: (conversation: Conversation, error: SealdeskError) => void;
  /** Messages of a conversation are sent without a device, because its prekeys cannot be used. */
  readonly onUnreachable: (unreachable: UnreachableDevice) => void;
}

/** The messages of one conversation's outbox, by id. */
export type WaitingEntries = readonly (readonly [MessageId, OutboxEntry])[];

export interface Opening {
  readonly id: ConversationId;
  /** Undefined if no event of the conversation is in the store. */
  readonly state: ConversationState | undefined;
  readonly outbox: WaitingEntries;
  readonly acknowledger: Acknowledger;
  readonly files: Files;
  readonly history: HistoryExchange;
  /** The events that the relay had when the connection was made, up to `seq`, were processed. */
  readonly onCaughtUp: (seq: number) => void;
  /** The log is not as it must be, and another connection replaces this one. */
  readonly onBadLog: () => void;
}

/** The parts of one conversation. */
export interface ConversationParts {
  readonly conversation: Conversation;
  readonly log: ConversationLog;
  readonly receiver: Receiver;
  readonly sender: Sender;
}

/** Creates the parts of a conversation and connects them. */
export function createConversationParts(
  deps: ConversationDeps,
  opening: Opening,
): ConversationParts {
  const { account, store, api, limits } = deps;
  const { id, state, outbox, acknowledger, files, history, onCaughtUp, onBadLog } = opening;
  const log = new ConversationLog(id, account, store, limits, state);
  const sender: Sender = new Sender(
    {
      ...deps,
      log,
      conversation: id,
      ownDevice: account.device,
      onSilence: () => deps.recycle("a message was not answered"),
      syncClock: () => api.keyLogCheckpoint(),
      onUnreachable: (device) => {
        const user = deps.trust.device(device)?.user;
        if (user !== undefined) deps.onUnreachable({ conversation: id, user, device });
      },
      onHeld: (error) => deps.onHeld(conversation, error),
    },
    outbox,
  );
  const sendActivity = (kind: ActivityKind, seq: number) => {
    const body = { conversation: id, kind, seq, device: undefined };
    deps.transmit({ kind: "activity", body });
  };
  const changeState: AcceptMembersDeps["changeState"] = (change) => receiver.change(change);
  const conversation = new Conversation(
    log,
    sender,
    { ...deps, changeState },
    files,
    history,
    sendActivity,
  );
  const onRecorded = ({ seq, record, first }: Recorded) => {
    acknowledger.recorded(id, seq);
    if (first) deps.onConversation(conversation);
    const change = deviceChange(conversation, { seq, record }, account);
    if (change !== undefined) deps.onDevice(change);
    // The event counts in this conversation only. The key log says it for all.
    if (change?.change === "removed") deps.lists.readAgain(change.user);
    for (const item of itemsOf(seq, record, account)) {
      if (item.kind === "problem") deps.onProblem(conversation, item);
      if (item.kind === "arrived_unseen") deps.onArrival(conversation, item);
    }
    history.recorded(id, record);
    if (record.kind !== "message") sender.wake();
    else if (record.senderDevice !== account.device) return;
    else if (record.problems.some(({ code }) => code === "own_message_altered"))
      sender.altered(record.clientMessageId);
    else sender.recorded({ id: record.clientMessageId, seq, receivedAtMs: record.receivedAtMs });
  };
  const receiver: Receiver = new Receiver({
    ...deps,
    log,
    onRecorded,
    onCaughtUp,
    onSame: (seq) => acknowledger.recorded(id, seq),
    onRestoreApplied: () => sender.reload(undefined),
    onGap: (to) => void deps.transmit({ kind: "ackGap", body: { conversation: id, to } }),
    onLogProblem: (problem, recycle) => {
      if (problem !== undefined) deps.onProblem(conversation, problem);
      if (recycle) onBadLog();
    },
  });
  return { conversation, log, receiver, sender };
}
