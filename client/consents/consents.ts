import {
  consentBytes,
  covers,
  encodeConsent,
  isGivenAt,
  lawfulBases,
  type ConsentRecord,
  type LawfulBasis,
} from "../../crypto/wire/consent-record.ts";
import { purposes, type Purpose } from "../../crypto/wire/purposes.ts";
import type { SignedReceipt } from "../../crypto/wire/frame.ts";
import type { ConsentId, ConversationId, Given, NewId } from "../../crypto/wire/ids.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import { given, integer, object, oneOf, optional, uuid } from "../arguments.ts";
import { isProblem } from "../errors.ts";
import type { ConsentApi } from "../http/consent-api.ts";
import { postSigned, type PostSignedDeps, type SignableLog } from "../receipts/post-signed.ts";
import { signReceipt } from "../receipts/sign-receipt.ts";
import { sleep, type Clock } from "../runtime.ts";
import { chainAltered, noteChain } from "./known-chain.ts";
import { noticeArgument, refTo, signWith, type PublishedNotice } from "./notices.ts";
import type { OpenedConsent } from "./open-consent.ts";
import { readOwnChain, type OwnChain, type OwnChainDeps } from "./own-chain.ts";

export interface ConsentsDeps extends OwnChainDeps, PostSignedDeps {
  readonly api: OwnChainDeps["api"] &
    PostSignedDeps["api"] &
    Pick<ConsentApi, "recordConsent" | "consentReceipt">;
  readonly newId: NewId;
  readonly clock: Pick<Clock, "now">;
  readonly logOf: (conversation: ConversationId) => SignableLog;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

/** What a person agrees to. */
export interface ConsentRequest {
  readonly purpose: Purpose;
  /** The conversation that it is about; the whole account if you leave it out. */
  readonly conversation?: Given<ConversationId>;
  /** The notice that you showed. */
  readonly notice: PublishedNotice;
  /** By default "consent". For special categories of data (GDPR article 9), "explicit_consent". */
  readonly lawfulBasis?: LawfulBasis;
  /** When it ends by itself, in milliseconds since the Unix epoch. */
  readonly expiresAtMs?: number;
}

/** What a person withdraws. */
export type ConsentWithdrawal = Pick<ConsentRequest, "purpose" | "conversation">;

/** A record of this account, with whether it decides now. */
export type OwnConsent = ConsentRecord & {
  /** Whether it gives a consent that nothing later has ended, by this device's clock. */
  readonly inForce: boolean;
};

const withdrawal = { purpose: oneOf(...purposes), conversation: optional(uuid) };
const request = object({
  ...withdrawal,
  notice: noticeArgument,
  lawfulBasis: optional(oneOf(...lawfulBases)),
  expiresAtMs: optional(integer(1)),
});

const attempts = 10;

/** The consents of this account. */
export class Consents {
  readonly #deps: ConsentsDeps;

  constructor(deps: ConsentsDeps) {
    this.#deps = deps;
  }

  /**
   * Gives consent, signed by this device. In a conversation every member sees it.
   * @returns the id of the record
   * @throws SealdeskError notice_superseded, notice_not_found; forbidden: it is given already, or for the 50th time;
   *   consents_altered; conversation_not_found
   */
  async give(asked: ConsentRequest): Promise<ConsentId> {
    request(asked, "request");
    const { notice, lawfulBasis = "consent", expiresAtMs } = asked;
    const { tenant } = this.#deps.account;
    const terms = {
      state: "given",
      lawfulBasis,
      notice: refTo(tenant, notice),
      expiresAtMs,
    } as const;
    return this.#change(asked, terms);
  }

  /**
   * Withdraws consent: in the conversation, or everywhere if you name none. It is in force within a minute on every
   * node and on every device, also on those that are offline. It does not take back what was done before.
   * @returns the id of the record
   * @throws SealdeskError forbidden: nothing was given; consents_altered; conversation_not_found
   */
  async withdraw(asked: ConsentWithdrawal): Promise<ConsentId> {
    object(withdrawal)(asked, "request");
    return this.#change(asked, { state: "withdrawn" });
  }

  /**
   * Returns every record of this account, the earliest first.
   * @throws SealdeskError consents_altered
   */
  async list(): Promise<readonly OwnConsent[]> {
    const { records } = await this.#deps.inTurn(() => readOwnChain(this.#deps));
    const nowMs = this.#deps.clock.now();
    return records.map((opened, index) => ({
      ...opened.record,
      inForce: isGivenAt(opened.record, nowMs) && !isEnded(opened, records.slice(index + 1)),
    }));
  }

  /**
   * Returns the receipt of a record as a file, which anybody can verify offline: the record, its signature, the notice
   * and the entry of the audit log that countersigns it. Waits until the audit log has the entry.
   * @throws SealdeskError consent_not_found, server_error: the audit log does not have the entry within a minute
   */
  async receipt(id: Given<ConsentId>): Promise<string> {
    const record = given(id, "id");
    const { api, localClock, signal } = this.#deps;
    for (let attempt = 1; ; attempt++) {
      try {
        return await api.consentReceipt(record);
      } catch (error) {
        if (!isProblem(error, "countersignature_pending") || attempt === attempts) throw error;
        await sleep(localClock, attempt * 1000, signal);
      }
    }
  }

  #change(
    { purpose, conversation }: ConsentWithdrawal,
    terms:
      | { readonly state: "withdrawn" }
      | Pick<
          Extract<ConsentRecord, { readonly state: "given" }>,
          "state" | "lawfulBasis" | "notice" | "expiresAtMs"
        >,
  ): Promise<ConsentId> {
    const place =
      conversation === undefined ? undefined : given(conversation, "request.conversation");
    const { tenant, user, device } = this.#deps.account;
    const id = this.#deps.newId<ConsentId>();
    return this.#deps.inTurn(() =>
      this.#post(
        ({ head }) => ({
          version: 1,
          id,
          tenant,
          user,
          device,
          conversation: place,
          purpose,
          previous: head,
          atMs: Math.floor(this.#deps.clock.now()),
          ...terms,
        }),
        place,
      ),
    );
  }

  /** Signs and posts a record. If another device of the account was first, signs again after its record. */
  async #post(
    recordAfter: (chain: OwnChain) => ConsentRecord,
    place: ConversationId | undefined,
  ): Promise<ConsentId> {
    for (let attempt = 1; ; attempt++) {
      const record = recordAfter(await readOwnChain(this.#deps));
      const text = encodeConsent(record);
      const signature = await this.#deps.store.read((transaction) =>
        signWith(transaction, consentBytes(text)),
      );
      const signed = { record: text, signature };
      const digest = sha256(text);
      try {
        const { number } =
          place === undefined
            ? await this.#deps.api.recordConsent(signed, undefined)
            : await this.#placed(place, { ...signed, digest, said: record });
        if (number !== record.previous.number + 1) throw chainAltered(record.user);
        await noteChain(this.#deps, record.user, { number, digest });
        return record.id;
      } catch (error) {
        if (!isProblem(error, "stale_consents") || attempt === attempts) throw error;
      }
    }
  }

  /** Posts a record with the receipt that places it in its conversation. */
  #placed(
    conversation: ConversationId,
    work: {
      readonly record: Uint8Array;
      readonly signature: Uint8Array;
      readonly digest: Uint8Array;
      readonly said: ConsentRecord;
    },
  ) {
    const { record, signature, digest, said } = work;
    const { store, api, logOf } = this.#deps;
    const { id, tenant, user, device, purpose, state } = said;
    const place = (after: Parameters<Parameters<typeof postSigned>[2]>[0]["after"]) =>
      store.read((transaction) =>
        signReceipt(transaction, {
          type: "consent",
          version: 1,
          id,
          tenant,
          conversation,
          user,
          device,
          purpose,
          state,
          record: digest,
          after,
          atMs: said.atMs,
        }),
      );
    return postSigned(
      this.#deps,
      logOf(conversation),
      ({ after }) => place(after),
      (placed: SignedReceipt) => api.recordConsent({ record, signature }, placed),
    );
  }
}

/** Returns whether a later record ends or replaces one. */
const isEnded = ({ record }: OpenedConsent, later: readonly OpenedConsent[]): boolean =>
  later.some(
    ({ record: each }) =>
      covers(each, record.purpose, record.conversation) &&
      (each.state === "withdrawn" || each.conversation === record.conversation),
  );
