import type { SuiteError } from "../../crypto/device/suite.ts";
import { decodeReceipt, maxPacks, type GrantPurpose } from "../../crypto/wire/receipt.ts";
import type {
  UserId,
  DeviceId,
  ConversationId,
  Given,
  AttachmentId,
  GrantId,
  ConsentId,
} from "../../crypto/wire/ids.ts";
import { maxPackBytes } from "../../crypto/device/history-pack.ts";
import { attachmentFromFields } from "../../crypto/wire/payload-body.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import { Retry } from "../attachments/retry.ts";
import { clearSpool, spool } from "../attachments/spool.ts";
import { transferUpload } from "../attachments/transfer-upload.ts";
import type { UploaderDeps } from "../attachments/uploader.ts";
import { assertMember } from "../conversation/assert-member.ts";
import { hashAt } from "../conversation/history.ts";
import { withheldFrom } from "../conversation/removals.ts";
import type { SessionRenewal } from "../conversation/session-renewal.ts";
import { establishSessions, assertTrusted, type SessionDeps } from "../conversation/sessions.ts";
import type { ConversationState } from "../conversation/state.ts";
import type { FreshConsentCalls } from "../consents/fresh-consents.ts";
import type { Account } from "../device/account.ts";
import { codeOf, SealdeskError, type SealdeskErrorCode } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { closedError } from "../options.ts";
import { headToSign } from "../receipts/head-to-sign.ts";
import { catchUp, isStale, type SignableLog } from "../receipts/post-signed.ts";
import { signReceipt } from "../receipts/sign-receipt.ts";
import { incomplete, packBytes } from "./build-pack.ts";
import { deleteJob, putJob, type OutgoingJob } from "./outgoing-job.ts";
import { encodePackKeys } from "./packet.ts";
import type { HistoryProgress } from "./progress.ts";

/** The earlier messages to share, their recipient, and the reason. */
export interface GrantRequest {
  /** A member. For another device of your own account, your own user. */
  readonly to: Given<UserId>;
  /** Which of their devices. By default all of them except this one. */
  readonly devices?: readonly Given<DeviceId>[];
  /** The range of `seq`, both ends included. */
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly purpose: GrantPurpose;
  /** The customer's consent, as named by its event. Staff need one. */
  readonly consent?: Given<ConsentId>;
}

/** A request whose ids were parsed. */
export interface HistoryRequest extends GrantRequest {
  readonly to: UserId;
  readonly devices?: readonly DeviceId[];
  readonly consent?: ConsentId;
}

export interface HistoryGranterDeps extends UploaderDeps, Omit<SessionDeps, "api" | "ownDevice"> {
  readonly renewal: Pick<SessionRenewal, "renew" | "postponed">;
  readonly account: Account;
  readonly api: Pick<Api, "takeBundle" | "grantHistory" | "readConversation">;
  readonly onProgress: (conversation: ConversationId, progress: HistoryProgress) => void;
  /** Resolves when the store is known to be no older copy: before, nothing is sealed. */
  readonly whenSound: () => Promise<void>;
  readonly consents: Pick<FreshConsentCalls, "assertInForce">;
}

/** The position of a grant in the log. */
export interface GrantedHistory {
  readonly id: GrantId;
  readonly seq: number;
}

/**
 * Makes history grants. Packs are sealed into the store, uploaded from there, and then named in the
 * log.
 */
export class HistoryGranter {
  readonly #deps: HistoryGranterDeps;
  readonly #packBytes: number;

  constructor(deps: HistoryGranterDeps, packBytesLimit: number = maxPackBytes) {
    this.#deps = deps;
    this.#packBytes = packBytesLimit;
  }

  /** @see Conversation.grantHistory */
  async grant(log: SignableLog, request: HistoryRequest): Promise<GrantedHistory> {
    const job = this.prepare(log.id, log.state, request);
    await this.#deps.store.transact(async (transaction) => putJob(transaction, job));
    return this.resume(job, log);
  }

  /**
   * Begins a grant.
   * @throws SealdeskError member_not_found, history_incomplete
   */
  prepare(
    conversation: ConversationId,
    state: ConversationState | undefined,
    request: HistoryRequest,
  ): OutgoingJob {
    const { newId, account } = this.#deps;
    const { to: recipient, fromSeq, toSeq, purpose, consent } = request;
    const theirs = devicesOf(state, recipient).filter((device) => device !== account.device);
    const devices = (request.devices ?? theirs).toSorted();
    if (devices.length === 0 || !devices.every((device) => theirs.includes(device)))
      throw notTheirs();
    if (!Number.isSafeInteger(fromSeq) || fromSeq < 1 || !(fromSeq <= toSeq)) throw incomplete();
    return {
      id: newId(),
      conversation,
      recipient,
      devices,
      fromSeq,
      toSeq,
      purpose,
      consent,
      next: fromSeq,
      packs: [],
      signed: undefined,
    };
  }

  /** Continues a grant that is in the store until it is in the log. */
  async resume(job: OutgoingJob, log: SignableLog): Promise<GrantedHistory> {
    const { store, signal } = this.#deps;
    let current = job;
    const save = async (changed: OutgoingJob) => {
      await store.transact(async (transaction) => putJob(transaction, changed));
      current = changed;
    };
    try {
      this.#report(current);
      do {
        await this.#upload(current, save);
        if (current.next <= current.toSeq) await this.#pack(current, save);
      } while (
        current.next <= current.toSeq ||
        current.packs.some(({ uploaded }) => uploaded === 0)
      );
      if (current.signed === undefined) await this.#sign(current, log, save);
      const seq = await this.#post(() => current, log, save);
      await store.transact(async (transaction) => deleteJob(transaction, job.id));
      this.#report(current, { finished: true });
      return { id: job.id, seq };
    } catch (error) {
      // A lost connection is not a refusal. The next connection continues.
      if (signal.aborted) throw error instanceof SealdeskError ? error : closedError();
      await this.#giveUp(current);
      this.#report(current, {
        failed: error instanceof SealdeskError ? error.code : "store_failed",
      });
      throw error;
    }
  }

  /** Seals the next pack into the store. */
  async #pack(job: OutgoingJob, save: (job: OutgoingJob) => Promise<void>): Promise<void> {
    const { store, newId } = this.#deps;
    if (job.packs.length === maxPacks)
      throw new SealdeskError("message_too_large", "The range is too large for one grant.");
    const id = newId<AttachmentId>();
    const bytes = packBytes(store, job, this.#packBytes);
    let next = job.next;
    async function* counted() {
      next = yield* bytes;
    }
    try {
      const { sealed, stored } = await spool(
        store,
        id,
        counted(),
        2 * this.#packBytes + 1024 * 1024,
      );
      const attachment = { ...sealed, name: new Uint8Array(0), mediaType: new Uint8Array(0) };
      const packs = [...job.packs, { attachment, stored, uploaded: 0 }];
      await save({ ...job, next, packs });
    } catch (error) {
      if (!this.#deps.signal.aborted) await clearSpool(store, id);
      throw error;
    }
  }

  /** Uploads the packs that are sealed and not uploaded. */
  async #upload(job: OutgoingJob, save: (job: OutgoingJob) => Promise<void>): Promise<void> {
    const { store, clock, signal } = this.#deps;
    for (const [index, pack] of job.packs.entries()) {
      if (pack.uploaded === 1) continue;
      const attachment = attachmentFromFields(pack.attachment);
      const upload = { conversation: job.conversation, attachment, stored: pack.stored };
      await transferUpload(this.#deps, upload, new Retry(clock, signal), () => undefined);
      const packs = job.packs.map((each, at) => (at === index ? { ...each, uploaded: 1 } : each));
      await save({ ...job, packs });
      await clearSpool(store, attachment.id);
      this.#report(job);
    }
  }

  /**
   * A grant that names the customer's consent is not signed without a fresh statement that this consent is in force.
   * @throws SealdeskError consent_required, consent_unverified, consents_altered, and those of the request
   */
  async #assertConsent({ conversation, consent }: OutgoingJob, { members }: ConversationState) {
    if (consent === undefined) return;
    const customer = members.find(({ role }) => role === "customer")?.user;
    const inForce =
      customer &&
      (await this.#deps.consents.assertInForce({
        conversation,
        customer,
        purpose: "history_sharing",
      }));
    if (inForce !== consent)
      throw new SealdeskError("consent_required", "The customer has another consent by now.");
  }

  /** Signs the receipt and seals the packs' keys. */
  async #sign(
    job: OutgoingJob,
    log: SignableLog,
    save: (job: OutgoingJob) => Promise<void>,
  ): Promise<void> {
    const { store, account, clock, localClock, suite, renewal, signal, whenSound } = this.#deps;
    const { conversation, fromSeq, toSeq, packs, id } = job;
    const now = log.state;
    assertMember(now);
    const sessions = { ...this.#deps, ownDevice: account.device };
    // Considers only the recipient's devices, because no other device receives the packs.
    const concerned = { ...now, members: now.members.filter(({ user }) => user === job.recipient) };
    const attempt = async () => {
      await this.#assertConsent(job, now);
      const { after } = await headToSign(this.#deps.api, log);
      return store.transact(async (transaction) => {
        const fromHash = await hashAt(transaction, conversation, fromSeq);
        const toHash = await hashAt(transaction, conversation, toSeq);
        if (fromHash === undefined || toHash === undefined) throw incomplete();
        const nowMs = this.#deps.lists.now();
        const withheld = await withheldFrom(transaction, conversation, now, account, nowMs);
        const devices = job.devices.filter((device) => !withheld.includes(device));
        if (devices.length === 0) throw notTheirs();
        const signed = await signReceipt(transaction, {
          type: "history_grant",
          version: 1,
          id,
          tenant: account.tenant,
          conversation,
          grantor: account.user,
          grantorDevice: account.device,
          recipient: job.recipient,
          recipientDevices: devices,
          fromSeq,
          toSeq,
          fromHash,
          toHash,
          purpose: job.purpose,
          consent: job.consent,
          after,
          atMs: Math.floor(clock.now()),
          packs: packs.map(({ attachment }) => ({
            attachment: attachment.id,
            digest: attachment.ciphertextDigest,
          })),
        });
        const plaintext = encodePackKeys(packs.map(({ attachment }) => attachment));
        const packets = await suite.sealTo(transaction, {
          conversation,
          id,
          devices,
          plaintext,
          nowMs: localClock.now(),
          unrenewed: renewal.postponed,
        });
        const signedJob = { ...job, signed: { ...signed, packets } };
        putJob(transaction, signedJob);
        return signedJob;
      });
    };
    const establish = async (error: unknown) => {
      const code = codeOf(error, "SuiteError");
      if (code !== "no_session" && code !== "stale_session") throw sealFailure(error);
      const lacking = (error as SuiteError).devices;
      if (code === "stale_session") return renewal.renew(lacking);
      const unusable = await establishSessions(sessions, lacking);
      if (unusable.length > 0) throw sealFailure(error);
    };
    const attemptAll = async () => {
      // First sessions may be missing, and then others stale.
      for (let triesLeft = 2; triesLeft > 0; triesLeft--) {
        try {
          return await attempt();
        } catch (error) {
          await establish(error);
        }
      }
      return attempt();
    };
    const retry = new Retry(clock, signal);
    for (;;) {
      try {
        await assertTrusted(sessions, concerned);
        await whenSound();
        // The owners of the listed devices are certain only now. When the grant was requested, the
        // relay may have listed another user's device under the recipient.
        if (!areOf(now, job.recipient, job.devices)) throw notTheirs();
        return await save(await attemptAll());
      } catch (error) {
        await retry.after(error);
      }
    }
  }

  /** Posts the grant. If the conversation goes on meanwhile, signs it again on its new end. */
  async #post(
    job: () => OutgoingJob,
    log: SignableLog,
    save: (job: OutgoingJob) => Promise<void>,
  ): Promise<number> {
    const { api, clock, signal } = this.#deps;
    const retry = new Retry(clock, signal);
    for (let stale = false; ;) {
      try {
        if (stale) await save(await this.#signAgain(job(), log));
        stale = false;
        return (await api.grantHistory(job().conversation, signedOf(job()))).seq;
      } catch (error) {
        stale ||= isStale(error);
        await retry.after(error);
      }
    }
  }

  /** The keys stay sealed as they are. */
  async #signAgain(job: OutgoingJob, log: SignableLog): Promise<OutgoingJob> {
    const { api, store } = this.#deps;
    const { text, packets } = signedOf(job);
    await catchUp(this.#deps, log);
    const { after } = await headToSign(api, log);
    const receipt = { ...decodeReceipt(text), after };
    const signed = await store.read((transaction) => signReceipt(transaction, receipt));
    return { ...job, signed: { ...signed, packets } };
  }

  async #giveUp(job: OutgoingJob): Promise<void> {
    const { store, uploads } = this.#deps;
    await store.transact(async (transaction: StoreTransaction) => deleteJob(transaction, job.id));
    for (const { attachment } of job.packs) {
      await clearSpool(store, attachment.id);
      // An unfinished upload is removed with its conversation.
      await uploads.remove(attachment.id).catch(() => undefined);
    }
  }

  /**
   * Reports progress, which counts events that are packed and uploaded. The last event is done when
   * the log answers.
   */
  #report(
    { id, conversation, fromSeq, toSeq, next }: OutgoingJob,
    { finished = false, failed }: { finished?: boolean; failed?: SealdeskErrorCode } = {},
  ): void {
    const total = toSeq - fromSeq + 1;
    const done = finished ? total : Math.min(next - fromSeq, total - 1);
    const progress = { grant: id, direction: "giving" as const, fromSeq, toSeq, done, total };
    this.#deps.onProgress(conversation, failed === undefined ? progress : { ...progress, failed });
  }
}

/** Returns the relay's list, unverified. */
const devicesOf = (state: ConversationState | undefined, user: UserId): readonly DeviceId[] =>
  state?.members.find((member) => member.user === user)?.devices ?? [];

function areOf(state: ConversationState, user: UserId, devices: readonly DeviceId[]): boolean {
  const theirs = devicesOf(state, user);
  return devices.every((device) => theirs.includes(device));
}

function signedOf({ signed }: OutgoingJob): NonNullable<OutgoingJob["signed"]> {
  if (signed === undefined) throw new Error("a grant is signed before it is posted");
  return signed;
}

const notTheirs = (): SealdeskError =>
  new SealdeskError("member_not_found", "The recipient has no such device here.");

const sealFailure = (cause: unknown): unknown =>
  codeOf(cause, "SuiteError") === undefined
    ? cause
    : new SealdeskError("untrusted_member", "The recipient's device cannot be sealed to.", {
        cause,
      });
