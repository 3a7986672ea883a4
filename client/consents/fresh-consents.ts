import { assertSignature, parseNote, type NoteKey } from "../../audit/verify/note.ts";
import { LogError } from "../../audit/verify/log-error.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { covers, isGivenAt } from "../../crypto/wire/consent-record.ts";
import { parseStatement, type ConsentStatement } from "../../crypto/wire/consent-statement.ts";
import type { ConsentId, ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { Purpose } from "../../crypto/wire/purposes.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import { randomBytes } from "../../crypto/device/sodium.ts";
import { SealdeskError } from "../errors.ts";
import type { ConsentApi } from "../http/consent-api.ts";
import { deviceChecks } from "../key-log/checks.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import type { Clock } from "../runtime.ts";
import { noteChain, type KnownChainDeps } from "./known-chain.ts";
import { openShown, type OpenConsentDeps } from "./open-consent.ts";

export interface FreshConsentsDeps extends OpenConsentDeps, KnownChainDeps {
  readonly store: KnownChainDeps["store"];
  readonly api: Pick<ConsentApi, "stateConsent">;
  readonly keyLog: Pick<KeyLog, "key" | "restores">;
  /** The time that this device measures by itself. */
  readonly localClock: Pick<Clock, "now">;
}

/** What is asked: may this be done with the data of the conversation's customer? */
export interface ConsentQuestion {
  readonly conversation: ConversationId;
  /** The conversation's customer, as this device knows the members. */
  readonly customer: UserId;
  readonly purpose: Purpose;
}

/** The methods of `FreshConsents`, whose code is loaded when one of them is called. */
export type FreshConsentCalls = Pick<FreshConsents, keyof FreshConsents>;

interface Fresh {
  readonly consent: ConsentId;
  readonly untilMs: number;
}

/**
 * The consents that this device relies on. Each counts as long as the server's last statement says, at most a minute
 * by this device's own clock. Without a fresh statement, a device does without the consent, also when it is offline.
 */
export class FreshConsents {
  readonly #deps: FreshConsentsDeps;
  readonly #fresh = new Map<string, Fresh>();
  /** Counts the calls of `forget`, so that no answer that was under way is relied on. */
  #changes = 0;

  constructor(deps: FreshConsentsDeps) {
    this.#deps = deps;
  }

  /**
   * Requires that the customer consents now (R34).
   * @returns the id of the record that gives it
   * @throws SealdeskError consent_required: the customer does not consent; consent_unverified: the server does not
   *   prove it; consents_altered; network and other errors of the request
   */
  async assertInForce(question: ConsentQuestion): Promise<ConsentId> {
    const key = `${question.conversation} ${question.purpose}`;
    return (
      this.#known(key) ??
      this.#deps.inTurn(async () => this.#known(key) ?? this.#renew(key, question))
    );
  }

  /** Returns the consent that the device relies on. */
  #known(key: string): ConsentId | undefined {
    const known = this.#fresh.get(key);
    return known !== undefined && this.#deps.localClock.now() < known.untilMs
      ? known.consent
      : undefined;
  }

  async #renew(key: string, question: ConsentQuestion): Promise<ConsentId> {
    this.#fresh.delete(key);
    // The time of the question, so that a slow answer does not count for longer.
    const askedAtMs = this.#deps.localClock.now();
    const changes = this.#changes;
    const { consent, validMs } = await this.#ask(question);
    if (this.#deps.localClock.now() >= askedAtMs + validMs) throw unverified("came too late");
    if (changes !== this.#changes) throw unverified("is from before something changed. Ask again");
    this.#fresh.set(key, { consent, untilMs: askedAtMs + validMs });
    return consent;
  }

  /** Forgets what it relies on in a conversation. Call it when the customer says something about a consent there. */
  forget(conversation: ConversationId): void {
    this.#changes++;
    for (const key of this.#fresh.keys()) if (key.startsWith(conversation)) this.#fresh.delete(key);
  }

  async #ask(question: ConsentQuestion) {
    const { conversation, customer, purpose } = question;
    const nonce = randomBytes(32);
    const { statement: note, decidedBy } = await this.#deps.api.stateConsent(
      conversation,
      purpose,
      nonce,
    );
    const statement = opened(note, await this.#deps.keyLog.key());
    const isAnswer =
      statement.tenant === this.#deps.account.tenant &&
      statement.conversation === conversation &&
      statement.user === customer &&
      statement.purpose === purpose &&
      equalBytes(statement.nonce, nonce);
    if (!isAnswer) throw unverified("is about something else");
    await noteChain(this.#deps, customer, statement.chain);
    const { decidedBy: decides, inForce, atMs, untilMs } = statement;
    if (!inForce || decides === undefined)
      throw new SealdeskError("consent_required", "The customer does not consent to this.", {
        user: customer,
      });
    const found = decidedBy && (await openShown(this.#deps, customer, decidedBy));
    const isGiven =
      found !== undefined &&
      equalBytes(found.digest, decides.digest) &&
      found.record.previous.number + 1 === decides.number &&
      decides.number <= statement.chain.number &&
      covers(found.record, purpose, conversation) &&
      isGivenAt(found.record, atMs);
    if (!isGiven) throw unverified("names a record that does not give this consent");
    const { record } = found;
    // The consent may end by itself before the statement does.
    const endsAtMs = record.state === "given" ? (record.expiresAtMs ?? untilMs) : atMs;
    return { consent: record.id, validMs: Math.min(untilMs, endsAtMs) - atMs };
  }
}

/** @throws SealdeskError consent_unverified */
function opened(note: string, key: NoteKey): ConsentStatement {
  try {
    const parsed = parseNote(note);
    assertSignature(deviceChecks, parsed, key);
    return parseStatement(parsed.text);
  } catch (cause) {
    if (!(cause instanceof LogError || cause instanceof WireError)) throw cause;
    throw unverified("is not signed by the server", cause);
  }
}

const unverified = (why: string, cause?: unknown): SealdeskError =>
  new SealdeskError("consent_unverified", `The server's statement about the consent ${why}.`, {
    cause,
  });
