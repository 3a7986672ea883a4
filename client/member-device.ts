import type { DeviceId } from "../crypto/wire/ids.ts";
import type { Hello } from "../crypto/wire/frame.ts";
import { loadSigner } from "../crypto/device/identity.ts";
import type { Suite } from "../crypto/device/suite.ts";
import { consentsWhenCalled, type ConsentCalls, type NoticeCalls } from "./consents/when-called.ts";
import type { DownloadDeps } from "./attachments/download.ts";
import { createUploadsApi } from "./attachments/uploads-api.ts";
import { ConversationManager } from "./conversation/conversation-manager.ts";
import { SessionRenewal } from "./conversation/session-renewal.ts";
import { ToldLimits } from "./conversation/told-limits.ts";
import { deferred } from "./deferred.ts";
import { toBase64Url } from "../crypto/wire/bytes.ts";
import type { Account } from "./device/account.ts";
import { parseAuthorityKey, TenantAuthority } from "./device/authority.ts";
import { isOwnListDue, renewOwnList } from "./device/own-list.ts";
import { PreKeyUpkeep } from "./device/prekeys.ts";
import { removeDevice } from "./device/remove-device.ts";
import type { SignedInDevice } from "./device/sign-in.ts";
import { Staff } from "./device/staff.ts";
import { Trust } from "./device/trust.ts";
import type { Emitter } from "./emitter.ts";
import { SealdeskError } from "./errors.ts";
import type { SealdeskEvents } from "./events.ts";
import { createBytesExchange } from "./http/bytes-exchange.ts";
import { ListFreshness } from "./key-log/list-freshness.ts";
import { loadKeyLog } from "./key-log/load-key-log.ts";
import { watchOwnEntries } from "./key-log/own-entries.ts";
import { linkLimitsOf, relayUrls, type ConnectOptions } from "./options.ts";
import { PeriodicTask } from "./periodic-task.ts";
import { Rollback } from "./rollback/rollback.ts";
import type { Runtime } from "./runtime.ts";
import { helloOverHttp } from "./transport/hello-over-http.ts";
import { RelayConnection } from "./transport/relay-connection.ts";
import { whenOnline } from "./transport/online.ts";
import { transportFactories } from "./transport/transport-factories.ts";

/** The part of a session that only a registered device has: its connection to the relay. */
export interface MemberDevice {
  readonly suite: Suite;
  readonly trust: Trust;
  readonly manager: ConversationManager;
  readonly consents: ConsentCalls;
  readonly notices: NoticeCalls;
  readonly downloads: DownloadDeps;
  /** Announces the user's presence now and on every later connection. */
  readonly say: (state: "online" | "idle") => void;
  /** @see Sealdesk.removeDevice */
  readonly removeDevice: (device: DeviceId) => Promise<void>;
  /** Tells the application of restores and unconfirmed heads that it did not hear of yet. */
  readonly tellUntold: () => void;
  /** Ends the connection and everything that uses it. */
  readonly stop: (reason: SealdeskError, quietly: boolean) => Promise<void>;
}

/** The time between two searches for certificates of members who had none. */
const certifyEveryMs = 10 * 60_000;
/** The time between two attempts to compare the heads of members that wait for a proof. */
const compareEveryMs = 10 * 60_000;

/** The time between two looks whether the own list of devices is to be renewed. */
const renewListEveryMs = 60 * 60_000;

interface MemberDeps {
  readonly options: ConnectOptions;
  readonly runtime: Runtime;
  readonly events: Emitter<SealdeskEvents>;
  readonly me: SignedInDevice;
  readonly account: Account;
  readonly suite: Suite;
  /** The person wrote or typed something. */
  readonly onPersonActed: () => void;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
  readonly abort: () => void;
}

/**
 * Connects a registered device to the relay. Resolves with the first connection.
 * @throws SealdeskError the error that ended the first connection before it was made
 */
export async function connectMember(deps: MemberDeps): Promise<MemberDevice> {
  const { options, runtime, events, me, account, suite, signal, abort, onPersonActed } = deps;
  const { store, url: baseUrl } = options;
  const { device, deviceKey, session, api, clock, localClock, newId, prove } = me;
  const exchangeBytes = createBytesExchange(me.transport);
  const uploads = createUploadsApi((request) =>
    session.authorised((accessToken) => exchangeBytes(request, accessToken)),
  );
  let isSound = false;
  const { tenant } = account;
  const keyLog = await loadKeyLog({ options, me, events, tenant }, () => isSound && upkeep.start());
  const self = account.user;
  const trust = await Trust.load({ suite, api, keyLog, self }, store);
  const lists = new ListFreshness({
    store,
    read: (user) => trust.historyOf(user),
    self,
    localClock,
    deviceClock: runtime.clock,
    onExpired: (expired) => events.emit("security", { code: "device_list_expired", ...expired }),
  });
  const onChanged = (key: Uint8Array) =>
    events.emit("security", { code: "authority_changed", key: toBase64Url(key) });
  const authority = await TenantAuthority.load(
    { store, keyLog, localClock, onChanged },
    options.authority === undefined ? undefined : parseAuthorityKey(options.authority),
  );
  const staff = new Staff({ store, authority, tenant, localClock });
  let presence: "online" | "idle" | undefined;
  const sayPresence = () => {
    if (presence === undefined) return;
    link.send({ kind: "presence", body: { state: presence, user: undefined, since: 0 } });
  };
  const say = (state: "online" | "idle") => {
    presence = state;
    sayPresence();
  };
  const parts = {
    keyLog,
    account,
    api,
    deviceKey,
    suite,
    store,
    trust,
    lists,
    staff,
    authority,
    newId,
  };
  const { consents, notices, fresh } = consentsWhenCalled(() => ({
    ...parts,
    deviceKey: deviceKey.publicKey,
    request: me.request,
    clock,
    localClock,
    signal,
    logOf: manager.logOf,
  }));

  const firstUp = deferred<void>();
  let stopping: Promise<void> | undefined;
  const stop = (reason: SealdeskError, quietly: boolean): Promise<void> =>
    (stopping ??= (async () => {
      firstUp.reject(reason);
      abort();
      upkeep.stop();
      for (const task of tasks) task.stop();
      stopListening();
      await link.close();
      await manager.end(reason, quietly);
    })());
  const fail = (error: SealdeskError): void => {
    if (stopping !== undefined) return;
    void stop(error, false);
    events.emit("end", error);
  };

  const rollback = await Rollback.load(store);
  const renewal = new SessionRenewal({
    ...parts,
    localClock,
    onOverdue(overdue) {
      const user = trust.device(overdue.device)?.user;
      if (user !== undefined)
        events.emit("security", { code: "session_not_renewed", user, ...overdue });
    },
  });
  const manager = await ConversationManager.load({
    ...parts,
    consents: fresh,
    sign: await store.read((transaction) => loadSigner(transaction, "receipt")),
    renewal,
    rollback,
    limits: await ToldLimits.load(store),
    clock,
    localClock,
    uploads,
    signal,
    deviceKey: deviceKey.publicKey,
    transmit: (frame) => link.send(frame),
    recycle: (reason) => link.recycle(reason),
    ...reportsOf(events),
    onPersonActed,
    // The prekeys of an older copy must not be published.
    onSound: () => {
      isSound = true;
      upkeep.start();
    },
    onFailure: (cause) => fail(endingOf(cause)),
  });
  const upkeep = new PreKeyUpkeep(
    { ...parts, localClock, readKeyLog: () => keyLog.historyOf(account.user) },
    device,
    () => events.emit("security", { code: "published_keys_differ" }),
  );
  const ownEntries = watchOwnEntries({
    ...parts,
    localClock,
    onUnknown: (entry) => events.emit("security", { code: "unknown_device_logged", ...entry }),
    onUnrecognised: (found) => events.emit("security", { code: "device_not_recognised", ...found }),
    onFormerKey: (former) => events.emit("security", { code: "account_had_other_key", ...former }),
  });
  const renewList = () => renewOwnList({ ...parts, localClock });
  const tasks = [
    ownEntries,
    new PeriodicTask(localClock, renewListEveryMs, renewList),
    new PeriodicTask(localClock, compareEveryMs, () => keyLog.retryHeard()),
    new PeriodicTask(localClock, certifyEveryMs, () => manager.certify()),
  ];
  // The relay tells a device again that has not answered.
  const obey = () =>
    void import("./on-demand.ts")
      .then(({ obeyErasures }) =>
        obeyErasures({
          ...parts,
          request: me.request,
          onErased: (conversation, messages) => events.emit("erased", { conversation, messages }),
          onUnproven: (problem) => events.emit("security", { code: "erasure_not_proven", problem }),
        }),
      )
      .catch(() => undefined);
  const relay = relayUrls(baseUrl);
  const hello = async (): Promise<Hello> => {
    await manager.settled();
    const accessToken = await session.accessToken();
    const deviceProof = prove({ method: "GET", url: relay.http, accessToken });
    const generation = await rollback.nextGeneration();
    const { includeFinished } = manager;
    return { version: 1, accessToken, deviceProof, generation, includeFinished };
  };
  const begin = helloOverHttp(session, me.transport);
  const transports = transportFactories(relay.socket, { ...runtime, clock, baseUrl, begin });
  const link = new RelayConnection(transports, runtime, linkLimitsOf(options), {
    hello,
    onUp: (welcome) => {
      manager.onUp(welcome);
      for (const task of tasks) task.start();
      void manager.certify();
      sayPresence();
      firstUp.resolve();
      events.emit("connection", "up");
    },
    onFrame: (frame) => {
      if (frame.kind === "erasures") return obey();
      if (frame.kind !== "presence") return manager.onFrame(frame);
      const { user, state, since } = frame.body;
      if (user !== undefined) events.emit("presence", { user, state, sinceMs: since });
    },
    onDown: () => {
      manager.onDown();
      upkeep.stop();
      for (const task of tasks) task.stop();
      events.emit("connection", "down");
    },
    onOutdated: () => session.expire(),
    onEnd: fail,
  });
  const stopListening = whenOnline(() => link.hurry());
  // Contacts who miss a valid list would not seal for this device what answers its first message.
  if (await isOwnListDue({ ...parts, localClock })) await renewList().catch(() => undefined);
  link.start();
  await firstUp.promise;
  const tellUntold = () => {
    keyLog.tellRestored().catch(() => undefined);
    keyLog.tellUnconfirmed().catch(() => undefined);
  };
  return {
    suite,
    trust,
    manager,
    consents,
    notices,
    downloads: { uploads, clock, signal },
    say,
    removeDevice: (target) => removeDevice({ ...parts, manager, localClock }, target),
    tellUntold,
    stop,
  };
}

/** Returns the listeners that pass events of the conversations to the application. */
const reportsOf = (events: Emitter<SealdeskEvents>): Reports => ({
  onConversation: (conversation) => events.emit("conversation", conversation),
  onDevice: (change) => events.emit("device", change),
  onArrival: (conversation, arrived) => events.emit("arrival", { conversation, arrived }),
  onRolledBack: (lost) => events.emit("security", { code: "store_rolled_back", lost }),
  onUnreachable: (unreachable) =>
    events.emit("security", { code: "device_unreachable", ...unreachable }),
  onHistory: (conversation, progress) => events.emit("history", { conversation, progress }),
  onActivity: (activity) => events.emit("activity", activity),
  onProblem: (conversation, problem) => events.emit("problem", { conversation, problem }),
  onHeld: (conversation, error) => events.emit("held", { conversation, error }),
});

type Reports = Pick<
  Parameters<typeof ConversationManager.load>[0],
  | "onConversation"
  | "onDevice"
  | "onArrival"
  | "onRolledBack"
  | "onUnreachable"
  | "onHistory"
  | "onActivity"
  | "onProblem"
  | "onHeld"
>;

const endingOf = (cause: unknown): SealdeskError =>
  cause instanceof SealdeskError
    ? cause
    : new SealdeskError("store_failed", "The device's store failed.", { cause });
