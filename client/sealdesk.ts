import { creationBytes } from "../crypto/wire/signed-records.ts";
import type { Hello } from "../crypto/wire/frame.ts";
import type { Uuid } from "../crypto/wire/uuid.ts";
import { sign, type SigningKeyPair } from "../crypto/device/sodium.ts";
import type { DeviceStore } from "../crypto/device/store.ts";
import type { Conversation } from "./conversation/conversation.ts";
import { Mailroom } from "./conversation/mailroom.ts";
import {
  acceptOffered,
  safetyCodeWith,
  safetyNumbersWith,
  type AccountKeysDeps,
  type SafetyNumbers,
} from "./device/account-keys.ts";
import type { Account } from "./device/account.ts";
import { enrolDevice } from "./device/enrol.ts";
import type { SafetyCode } from "./device/safety-code.ts";
import { signInDevice } from "./device/sign-in.ts";
import { PreKeyUpkeep } from "./device/prekeys.ts";
import { Trust } from "./device/trust.ts";
import { deferred } from "./deferred.ts";
import { createUploadsApi } from "./attachments/uploads-api.ts";
import { Emitter } from "./emitter.ts";
import type { SealdeskEvents } from "./events.ts";
import { SealdeskError } from "./errors.ts";
import type { Api, ResetReason, StaffMember } from "./http/api.ts";
import { createBytesExchange } from "./http/bytes-exchange.ts";
import { loadEvidence, type KeyLogEvidence } from "./key-log/evidence.ts";
import { KeyLog } from "./key-log/key-log.ts";
import { OwnEntries } from "./key-log/own-entries.ts";
import { linkDevice, type DeviceLink } from "./linking/link-device.ts";
import {
  approveDevice,
  ownDevices,
  refuseDevice,
  reviewDevice,
  type ApprovalOptions,
  type NewDevice,
  type OwnDevice,
} from "./linking/siblings.ts";
import { linkLimitsOf, closedError, relayUrls, runtimeOf, type ConnectOptions } from "./options.ts";
import { Rollback } from "./rollback/rollback.ts";
import { Link } from "./transport/link.ts";
import { whenOnline } from "./transport/online.ts";
import { helloOverHttp } from "./transport/hello-over-http.ts";
import { waysTo } from "./transport/ways.ts";

/** Who is signed in. */
export interface SealdeskUser {
  readonly id: Uuid;
  readonly role: string;
  readonly displayName: string | undefined;
}

interface Parts {
  readonly account: Account;
  readonly api: Api;
  readonly deviceKey: SigningKeyPair;
  readonly suite: ConnectOptions["suite"];
  readonly store: DeviceStore;
  readonly trust: Trust;
  readonly keyLog: KeyLog;
  readonly newId: () => Uuid;
  /** Says how the user is, now and on every further connection. */
  readonly say: (state: "online" | "idle") => void;
}

/** A member device: signed in, connected, and able to read and write what its account may. */
export class Sealdesk {
  readonly #parts: Parts;
  readonly #events: Emitter<SealdeskEvents>;
  readonly #mailroom: Mailroom;
  readonly #stop: (reason: SealdeskError, quietly: boolean) => Promise<void>;

  private constructor(
    parts: Parts,
    events: Emitter<SealdeskEvents>,
    mailroom: Mailroom,
    stop: (reason: SealdeskError, quietly: boolean) => Promise<void>,
  ) {
    this.#parts = parts;
    this.#events = events;
    this.#mailroom = mailroom;
    this.#stop = stop;
  }

  /**
   * Signs in, makes this store a device of the account on the first run, and connects. Resolves
   * with the first connection; a lost one comes back by itself.
   * @throws SealdeskError sign_in_failed, rate_limited, network, device_revoked, other_account,
   *   account_has_other_devices. The store stays open then, for another attempt.
   */
  static async connect(options: ConnectOptions): Promise<Sealdesk> {
    const runtime = runtimeOf(options);
    const events = new Emitter<SealdeskEvents>();
    const { suite, store, url: baseUrl } = options;
    const requests = new AbortController();
    const { signal } = requests;
    const me = await signInDevice(options, runtime, signal);
    const { device, deviceKey, signedIn, session, api, clock, newId, prove } = me;
    const exchangeBytes = createBytesExchange(me.transport);
    const uploads = createUploadsApi((request) =>
      session.authorised((accessToken) => exchangeBytes(request, accessToken)),
    );
    const account = await enrolDevice({ store, suite, api, clock, device, signedIn });
    const keyLog = await KeyLog.load(
      {
        store,
        api,
        tenant: account.tenant,
        clock,
        onInconsistent: (evidence) =>
          events.emit("security", { code: "key_log_inconsistent", evidence }),
      },
      options.keyLog,
    );
    const trust = await Trust.load({ suite, api, keyLog, self: account.user }, store);
    let presence: "online" | "idle" | undefined;
    const sayPresence = () => {
      if (presence === undefined) return;
      link.send({ kind: "presence", body: { state: presence, user: undefined, since: 0 } });
    };
    const say = (state: "online" | "idle") => {
      presence = state;
      sayPresence();
    };
    const parts: Parts = { keyLog, account, api, deviceKey, suite, store, trust, newId, say };

    const firstUp = deferred<void>();
    let stopping: Promise<void> | undefined;
    const stop = (reason: SealdeskError, quietly: boolean): Promise<void> =>
      (stopping ??= (async () => {
        firstUp.reject(reason);
        requests.abort();
        upkeep.stop();
        ownEntries.stop();
        stopListening();
        await link.close();
        await mailroom.end(reason, quietly);
      })());
    const fail = (error: SealdeskError): void => {
      if (stopping !== undefined) return;
      void stop(error, false);
      events.emit("end", error);
    };

    const rollback = await Rollback.load(store);
    const mailroom = await Mailroom.load({
      ...parts,
      rollback,
      clock,
      uploads,
      signal,
      deviceKey: deviceKey.publicKey,
      transmit: (frame) => link.send(frame),
      recycle: (reason) => link.recycle(reason),
      onConversation: (conversation) => events.emit("conversation", conversation),
      onDevice: (change) => events.emit("device", change),
      // Prekeys of an older copy are none to publish.
      onSound: () => upkeep.start(),
      onRolledBack: (lost) => events.emit("security", { code: "store_rolled_back", lost }),
      onHistory: (conversation, progress) => events.emit("history", { conversation, progress }),
      onActivity: (activity) => events.emit("activity", activity),
      onProblem: (conversation, problem) => events.emit("problem", { conversation, problem }),
      onFailure: (cause) => fail(endingOf(cause)),
    });
    const upkeep = new PreKeyUpkeep({ ...parts, clock }, device, () =>
      events.emit("security", { code: "published_keys_differ" }),
    );
    const ownEntries = new OwnEntries({
      ...parts,
      clock,
      onUnknown: (entry) => events.emit("security", { code: "unknown_device_logged", ...entry }),
      onFormerKey: (former) =>
        events.emit("security", { code: "account_had_other_key", ...former }),
    });
    const relay = relayUrls(baseUrl);
    const hello = async (): Promise<Hello> => {
      const cursors = await mailroom.cursors();
      const accessToken = await session.accessToken();
      const deviceProof = await prove({ method: "GET", url: relay.http, accessToken });
      const generation = await rollback.nextGeneration();
      return { version: 1, accessToken, deviceProof, cursors, generation };
    };
    const begin = helloOverHttp(session, me.transport);
    const ways = waysTo(relay.socket, { ...runtime, clock, baseUrl, begin });
    const link = new Link(ways, runtime, linkLimitsOf(options), {
      hello,
      onUp: (welcome) => {
        mailroom.onUp(welcome);
        ownEntries.start();
        sayPresence();
        firstUp.resolve();
        events.emit("connection", "up");
      },
      onFrame: (frame) => {
        if (frame.kind !== "presence") return mailroom.onFrame(frame);
        const { user, state, since } = frame.body;
        if (user !== undefined) events.emit("presence", { user, state, since });
      },
      onDown: () => {
        mailroom.onDown();
        upkeep.stop();
        ownEntries.stop();
        events.emit("connection", "down");
      },
      onTokenExpired: () => session.expire(),
      onEnd: fail,
    });
    const stopListening = whenOnline(() => link.hurry());
    link.start();
    await firstUp.promise;
    return new Sealdesk(parts, events, mailroom, stop);
  }

  /**
   * Signs in and asks the account's other devices to let this store's device join: show `code` to one
   * of them, which calls `approveDevice` with it. Then `approved` resolves, connected. Called again
   * with the same store, it goes on with the same request while that is open.
   * @throws SealdeskError link_not_needed, other_account, sign_in_failed, rate_limited, network,
   *   request_refused: too many devices ask at a time
   */
  static link(options: ConnectOptions): Promise<DeviceLink<Sealdesk>> {
    return linkDevice(options, () => Sealdesk.connect(options));
  }

  /** The account. */
  get user(): SealdeskUser {
    const { user, role, displayName } = this.#parts.account;
    return { id: user, role, displayName };
  }

  /** This device's id. */
  get device(): Uuid {
    return this.#parts.account.device;
  }

  /** @returns what takes the listener away again */
  on<K extends keyof SealdeskEvents>(
    name: K,
    listener: (event: SealdeskEvents[K]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Tells those who share a conversation with this user that they are there, or idle; until the first
   * call they are told nothing. Half a minute after the last device went they are told that, too.
   */
  setPresence(state: "online" | "idle"): void {
    this.#parts.say(state);
  }

  /** Every conversation this device was ever in, oldest first. */
  conversations(): readonly Conversation[] {
    return this.#mailroom.conversations();
  }

  conversation(id: Uuid): Conversation | undefined {
    return this.#mailroom.conversation(id);
  }

  /** Resolves when all that happened before the present connection is in the store. */
  synced(): Promise<void> {
    return this.#mailroom.synced();
  }

  /**
   * Starts a conversation with these users. Resolves when this device can write in it.
   * @throws SealdeskError forbidden, no_device
   */
  async openConversation({
    with: members,
  }: {
    readonly with: readonly Uuid[];
  }): Promise<Conversation> {
    const { account, api, deviceKey, suite, newId } = this.#parts;
    const id = newId();
    const { tenant, device } = account;
    const record = creationBytes({ tenant, conversation: id, suite: suite.name, device });
    const creationSignature = sign(record, deviceKey.privateKey);
    const request = { id, suite: suite.name, members, creationSignature };
    // Asked twice, the server gives the first answer again: one whose answer was lost is repeated.
    const { seq } = await api.createConversation(request).catch((error: unknown) => {
      if (!(error instanceof SealdeskError) || error.code !== "network") throw error;
      return api.createConversation(request);
    });
    return this.#mailroom.reached(id, seq);
  }

  /** Staff of the tenant, all or those of one role: whom a customer can write to. */
  staff(role?: string): Promise<readonly StaffMember[]> {
    return this.#parts.api.staff(role);
  }

  /** Digits to compare with another user, in person or over the telephone. @throws SealdeskError */
  safetyNumbers(user: Uuid): Promise<SafetyNumbers> {
    return safetyNumbersWith(this.#accountKeys(), user);
  }

  /**
   * The same as digits and as a QR code to scan, with the key that this device goes by.
   * @throws SealdeskError untrusted_member: this device has not seen a key of theirs
   */
  safetyCode(user: Uuid): Promise<SafetyCode> {
    return safetyCodeWith(this.#accountKeys(), user);
  }

  /**
   * Accepts a user's changed account key, after a person compared the offered safety number.
   * @throws SealdeskError untrusted_member: the key offered now has another number
   */
  acceptAccountKey(user: Uuid, safetyNumber: string): Promise<void> {
    return acceptOffered(this.#accountKeys(), user, safetyNumber);
  }

  /** What has ever shown that the key log contradicts itself, oldest first; kept for good. */
  keyLogEvidence(): Promise<readonly KeyLogEvidence[]> {
    return this.#parts.store.read(loadEvidence);
  }

  /** The devices of this account, oldest first. @throws SealdeskError */
  devices(): Promise<readonly OwnDevice[]> {
    return ownDevices(this.#parts);
  }

  /**
   * What the device that shows this code asks for: to be shown to a person, who says whether it is
   * theirs, before `approveDevice` or `refuseDevice`.
   * @throws SealdeskError invalid_link_code, link_not_found, link_expired, link_closed,
   *   link_key_replaced: the server shows another key than the device
   */
  reviewDevice(code: string): Promise<NewDevice> {
    return reviewDevice(this.#parts, code);
  }

  /**
   * Lets the device that shows this code join the account: gives it the account key. It is then in
   * every conversation of the account from that moment on, as the event `device` says. What this
   * device has of before it is given then, conversation after conversation, as the event `history`
   * tells on both, over restarts of either; not with `history: false`.
   * @returns the new device's id
   * @throws SealdeskError as `reviewDevice`
   */
  approveDevice(code: string, options: ApprovalOptions = {}): Promise<Uuid> {
    return approveDevice(this.#parts, code, options);
  }

  /** Tells the device that shows this code no. @throws SealdeskError as `reviewDevice` */
  refuseDevice(code: string): Promise<void> {
    return refuseDevice(this.#parts, code);
  }

  /**
   * Removes a device of this account for ever: it gets nothing more at once, and cannot open what is
   * sent from the next event of each conversation on. What it had it keeps.
   * @throws SealdeskError device_not_found
   */
  async removeDevice(device: Uuid): Promise<void> {
    await this.#parts.api.removeDevice(device);
  }

  /**
   * As an admin: lets an account begin anew that has lost its devices, or that others have. All its
   * devices are removed, as by `removeDevice`, its sessions are over, and its next device makes another
   * account key, which nobody goes by before a person has accepted it.
   * @returns how many devices were removed
   * @throws SealdeskError forbidden, member_not_found
   */
  resetAccount(user: Uuid, reason: ResetReason): Promise<number> {
    return this.#parts.api.resetAccount(user, reason);
  }

  /**
   * Ends the connection, all readers and timers, and closes the store. What is queued is sent with
   * the next connection.
   */
  async close(): Promise<void> {
    await this.#stop(closedError(), true);
    await this.#parts.store.close();
  }

  #accountKeys(): AccountKeysDeps {
    const { store, api, trust, account } = this.#parts;
    return { store, api, trust, self: account.user };
  }
}

const endingOf = (cause: unknown): SealdeskError =>
  cause instanceof SealdeskError
    ? cause
    : new SealdeskError("store_failed", "The device's store failed.", { cause });
