import { toBase64Url } from "../crypto/wire/bytes.ts";
import type { UserId, DeviceId, ConversationId, ReportId, Given } from "../crypto/wire/ids.ts";
import type { ReportRequest } from "./conversation/report-messages.ts";
import { loadAccountKey } from "../crypto/device/account-key.ts";
import { func, given, oneOf, optional } from "./arguments.ts";
import * as checks from "./call-checks.ts";
import type { ConnectedParts } from "./connected-parts.ts";
import {
  rightsWhenCalled,
  type ConsentCalls,
  type NoticeCalls,
  type RightCalls,
} from "./consents/when-called.ts";
import type { Conversation } from "./conversation/conversation.ts";
import type { AccountKeysDeps, SafetyNumbers } from "./device/account-keys.ts";
import type { SealdeskUser } from "./device/account.ts";
import { AccountCredentials } from "./device/credentials.ts";
import { openAccount } from "./device/open-account.ts";
import { PersonActivity } from "./device/person-activity.ts";
import type { SafetyCode } from "./device/safety-code.ts";
import { signInDevice } from "./device/sign-in.ts";
import { Emitter } from "./emitter.ts";
import { eventNames, type SealdeskEvents } from "./events.ts";
import type { SealdeskError } from "./errors.ts";
import type { ResetReason } from "../contract/devices.ts";
import type { StaffMember } from "./http/conversation-api.ts";
import { loadKeptRestores, type KeyLogRestore } from "./key-log/kept-restores.ts";
import { loadEvidence, type KeyLogEvidence } from "./key-log/evidence.ts";
import { createExchange } from "./http/transport.ts";
import { loadOnDemand } from "./load-on-demand.ts";
import type { DeviceLink } from "./linking/link-device.ts";
import type { ApprovalOptions, NewDevice, OwnDevice } from "./linking/own-devices.ts";
import { connectMember, type MemberDevice } from "./member-device.ts";
import { beginConversation } from "./receipts/begin-conversation.ts";
import { closedError, runtimeOf, suiteRequired, type ConnectOptions } from "./options.ts";

/** A member device that is signed in and connected. It can read and write what its account may. */
export class Sealdesk {
  readonly #parts: ConnectedParts;
  readonly #events: Emitter<SealdeskEvents>;

  private constructor(parts: ConnectedParts, events: Emitter<SealdeskEvents>) {
    this.#parts = parts;
    this.#events = events;
  }

  /**
   * Connects. Continues the session that the store keeps, or signs in if there is none or it is over.
   * On the first run it registers this store as a device of the account. Resolves with the first connection. The client replaces a lost connection without your help. If
   * it throws, the store stays open for another attempt.
   * @throws SealdeskError sign_in_failed, rate_limited, network, device_revoked, other_account,
   *   account_has_other_devices
   */
  static async connect(options: ConnectOptions): Promise<Sealdesk> {
    checks.connectOptions(options, "options");
    const runtime = runtimeOf(options);
    const events = new Emitter<SealdeskEvents>();
    const { suite, store } = options;
    const requests = new AbortController();
    const { signal } = requests;
    const me = await signInDevice(options, runtime, "resume", signal);
    const account = await openAccount(me, options, events);
    const activity = new PersonActivity(me.localClock, () => me.api.reportActivity());
    const member =
      suite === undefined
        ? undefined
        : await connectMember({
            options,
            runtime,
            events,
            me,
            account,
            suite,
            onPersonActed: () => activity.acted(),
            signal,
            abort: () => requests.abort(),
          });
    const { api, request, deviceKey, newId, clock } = me;
    const stop = async (reason: SealdeskError) => {
      requests.abort();
      activity.stop();
      await member?.stop(reason, true);
    };
    const signOut = async () => {
      await stop(closedError());
      const end = await me.session.forget();
      // The requests of this connection are aborted.
      await end(createExchange({ ...me.transport, signal: new AbortController().signal }));
    };
    const credentials = new AccountCredentials(api, me.session);
    const own = { account, api, request, deviceKey, store, newId, clock, credentials, activity };
    const parts = { ...own, member, stop, signOut };
    return new Sealdesk(parts, events);
  }

  /**
   * Signs in and asks the account's other devices to let this store's device join. Show `code` to
   * one of them, which calls `approveDevice` with it. Then `approved` resolves with the connected
   * device. If you call it again with the same store, it continues with the same request while that
   * is open.
   * @throws SealdeskError link_not_needed, other_account, sign_in_failed, rate_limited, network
   */
  static async link(options: ConnectOptions): Promise<DeviceLink<Sealdesk>> {
    checks.connectOptions(options, "options");
    if (options.suite === undefined) throw suiteRequired();
    const { linkDevice } = await loadOnDemand();
    return linkDevice(options, () => Sealdesk.connect(options));
  }

  /** Returns the signed-in user. */
  get user(): SealdeskUser {
    const { user, role, displayName } = this.#parts.account;
    return { id: user, role, displayName };
  }

  /**
   * Returns the public key of the account, base64url. Whoever runs a tenant authority of its own needs
   * it to certify a member of staff.
   */
  async accountKey(): Promise<string> {
    const { store } = this.#parts;
    return toBase64Url(await store.read(loadAccountKey));
  }

  /** What a local account signs in with. */
  get credentials(): AccountCredentials {
    return this.#parts.credentials;
  }

  /** What the law gives the person of this account: copies, erasure and the like. */
  get rights(): RightCalls {
    return rightsWhenCalled(this.#parts);
  }

  /** The consents of this account. @throws SealdeskError suite_required */
  get consents(): ConsentCalls {
    return this.#member.consents;
  }

  /** The organisation's privacy notices. @throws SealdeskError suite_required */
  get notices(): NoticeCalls {
    return this.#member.notices;
  }

  /** This device's id. */
  get device(): DeviceId {
    return this.#parts.account.device;
  }

  /** @returns a function that removes the listener */
  on<K extends keyof SealdeskEvents>(
    name: K,
    listener: (event: SealdeskEvents[K]) => void,
  ): () => void {
    oneOf(...eventNames)(name, "name");
    func(listener, "listener");
    const off = this.#events.on(name, listener);
    if (name === "security") this.#parts.member?.tellUntold();
    return off;
  }

  /**
   * Tells the users who share a conversation with this user whether this user is online or idle.
   * Before the first call they are told nothing. They are also told half a minute after the user's
   * last device disconnects.
   */
  setPresence(state: "online" | "idle"): void {
    checks.presence(state, "state");
    this.#member.say(state);
  }

  /**
   * Says that a person did something. Call it when they use the keyboard or the pointer; the SDK sends at most
   * one report a minute. `send`, `sendAttachment` and `typing` say it too. If nobody does anything for the minutes that
   * the tenant has set, the server ends the session of a member of staff, and the event `end` has the error
   * `session_idle`. Lock the app then.
   */
  reportActivity(): void {
    this.#parts.activity.acted();
  }

  /** Returns every conversation that this device was ever in, oldest first. */
  conversations(): readonly Conversation[] {
    return this.#member.manager.conversations();
  }

  conversation(id: Given<ConversationId>): Conversation | undefined {
    return this.#member.manager.conversation(given(id, "id"));
  }

  /** Resolves when everything that happened before this connection is in the store. */
  async synced(): Promise<void> {
    return this.#member.manager.synced();
  }

  /**
   * Starts a conversation with these users. Resolves when this device can write in it.
   * @throws SealdeskError forbidden, no_device, rate_limited, too_many_conversations,
   *   too_many_members
   */
  async openConversation(request: {
    readonly with: readonly Given<UserId>[];
  }): Promise<Conversation> {
    checks.opening(request, "request");
    const members = request.with.map((user) => given(user, "request.with"));
    const { suite, manager } = this.#member;
    const { id, seq } = await beginConversation(this.#parts, suite.name, members);
    return manager.reached(id, seq);
  }

  /** Lists the tenant's staff, all of them or those with one role. A customer can write to them. */
  async staff(role?: string): Promise<readonly StaffMember[]> {
    optional(checks.role)(role, "role");
    return this.#parts.api.staff(role);
  }

  /**
   * Returns whether the server says that this is a customer without a customer token. Nothing proves it.
   * @throws SealdeskError member_not_found, forbidden
   */
  async isAnonymous(user: Given<UserId>): Promise<boolean> {
    return (await this.#parts.api.accountOf(given(user, "user"))).anonymous;
  }

  /**
   * Returns digits to compare with another user, in person or over the telephone.
   * @throws SealdeskError
   */
  async safetyNumbers(user: Given<UserId>): Promise<SafetyNumbers> {
    const id = given(user, "user");
    const { safetyNumbersWith } = await loadOnDemand();
    return safetyNumbersWith(this.#accountKeys(), id);
  }

  /**
   * Returns the same as digits and as a QR code to scan, for the key that this device trusts.
   * @throws SealdeskError untrusted_member: this device has not seen a key of theirs
   */
  async safetyCode(user: Given<UserId>): Promise<SafetyCode> {
    const id = given(user, "user");
    const { safetyCodeWith } = await loadOnDemand();
    return safetyCodeWith(this.#accountKeys(), id);
  }

  /**
   * Accepts a user's changed account key. Call it after a person has compared the new safety
   * number.
   * @throws SealdeskError untrusted_member: the key offered now has another number
   */
  async acceptAccountKey(user: Given<UserId>, safetyNumber: string): Promise<void> {
    const id = given(user, "user");
    checks.code(safetyNumber, "safetyNumber");
    const { acceptOffered } = await loadOnDemand();
    return acceptOffered(this.#accountKeys(), id, safetyNumber);
  }

  /**
   * Returns all evidence that the key log contradicts itself, oldest first. It is kept permanently.
   */
  keyLogEvidence(): Promise<readonly KeyLogEvidence[]> {
    return this.#parts.store.read(loadEvidence);
  }

  /**
   * Returns every restore from a backup that this device accepted, oldest first, with the head that it
   * had before and the signed statement. They are kept permanently.
   */
  keyLogRestores(): Promise<readonly KeyLogRestore[]> {
    return this.#parts.store.read(loadKeptRestores);
  }

  /**
   * Lists the devices of this account, oldest first.
   * @throws SealdeskError
   */
  async devices(): Promise<readonly OwnDevice[]> {
    const { ownDevices } = await loadOnDemand();
    return ownDevices(this.#parts, this.#member.trust);
  }

  /**
   * Returns what the device that shows this code requests. Show it to a person, who decides whether
   * the device is theirs. Then call `approveDevice` or `refuseDevice`.
   * @throws SealdeskError invalid_link_code, link_not_found, link_expired, link_closed
   * @throws SealdeskError link_key_replaced: the server shows another key than the device
   * @throws SealdeskError device_revoked: this device removed that device from the account
   */
  async reviewDevice(code: string): Promise<NewDevice> {
    checks.code(code, "code");
    const { reviewDevice } = await loadOnDemand();
    return reviewDevice(this.#sibling, code);
  }

  /**
   * Lets the device that shows this code join the account. From then
   * on it is in every conversation of the account, and the event `device` reports it. Afterwards it
   * receives this device's history, one conversation after another; the event `history` reports the
   * progress on both, over restarts of either. Pass `history: false` to leave that out.
   * @returns the new device's id
   * @throws SealdeskError as `reviewDevice`
   */
  async approveDevice(code: string, options: ApprovalOptions = {}): Promise<DeviceId> {
    checks.code(code, "code");
    checks.approval(options, "options");
    const { approveDevice } = await loadOnDemand();
    return approveDevice(this.#sibling, code, options);
  }

  /**
   * Refuses the device that shows this code.
   * @throws SealdeskError as `reviewDevice`
   */
  async refuseDevice(code: string): Promise<void> {
    checks.code(code, "code");
    const { refuseDevice } = await loadOnDemand();
    return refuseDevice(this.#sibling, code);
  }

  /**
   * Reports messages of another member to the moderators, who read exactly these and those of `context`.
   * @throws SealdeskError invalid_argument: this device does not have one; others by `problem`: see docs/moderation.md
   */
  async report(request: ReportRequest): Promise<ReportId> {
    const { reportMessages } = await loadOnDemand();
    return reportMessages(this.#parts, request);
  }

  /**
   * Removes a device of this account permanently. An admin may also remove a device of a member. The
   * device keeps what it has. From now on this device seals nothing for it, ever. Resolves when the key
   * log shows the removal and every open conversation of this device has seen it: from then on, nobody
   * seals for it. If the device was removed before, it resolves too.
   * @throws SealdeskError device_not_found, forbidden: it was not removed
   * @throws SealdeskError removal_not_confirmed: the server says that it was done, and does not show it
   *   within a minute; network and others: it may have been done. Call it again
   */
  async removeDevice(device: Given<DeviceId>): Promise<void> {
    await this.#member.removeDevice(given(device, "device"));
  }

  /**
   * As an admin, resets an account that has lost its devices, or whose devices somebody else has.
   * It removes all devices, as `removeDevice` does, and ends all sessions. The account's next
   * device makes a new account key, which each contact must accept.
   * @returns how many devices were removed
   * @throws SealdeskError forbidden, member_not_found
   */
  async resetAccount(user: Given<UserId>, reason: ResetReason): Promise<number> {
    const id = given(user, "user");
    checks.resetReason(reason, "reason");
    return this.#parts.api.resetAccount(id, reason);
  }

  /**
   * Ends the session, on the server and in the store, and closes like `close`. The next `connect`
   * signs in with its credentials. The device stays registered, and its keys and messages stay in
   * the store: to leave for good, remove the device first (`removeDevice`) and delete the store.
   * @throws SealdeskError network: this device is signed out and closed, but the server was not told.
   *   There the session ends after 12 hours at most
   */
  async signOut(): Promise<void> {
    try {
      await this.#parts.signOut();
    } finally {
      await this.#parts.store.close();
    }
  }

  /**
   * Ends the connection, all readers and timers, and closes the store. The store keeps the session.
   * Queued messages are sent with the next connection.
   */
  async close(): Promise<void> {
    await this.#parts.stop(closedError());
    await this.#parts.store.close();
  }

  #accountKeys(): AccountKeysDeps {
    const { store, api, account } = this.#parts;
    const { trust, manager: roles } = this.#member;
    return { store, api, trust, roles, self: account.user };
  }

  /**
   * Returns the dependencies of functions about other devices of the account.
   * @throws SealdeskError suite_required
   */
  get #sibling(): ConnectedParts {
    void this.#member;
    return this.#parts;
  }

  /** @throws SealdeskError suite_required */
  get #member(): MemberDevice {
    const { member } = this.#parts;
    if (member === undefined) throw suiteRequired();
    return member;
  }
}
