import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { ChainPoint } from "../../crypto/wire/consent-record.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import type { ConsentApi } from "../http/consent-api.ts";
import { chainAltered, knownChain, noteChain, type KnownChainDeps } from "./known-chain.ts";
import { openShown, type OpenConsentDeps, type OpenedConsent } from "./open-consent.ts";

export interface OwnChainDeps extends OpenConsentDeps, KnownChainDeps {
  readonly store: KnownChainDeps["store"];
  readonly api: Pick<ConsentApi, "readConsents">;
}

/** The records of this account, in their order. */
export interface OwnChain {
  readonly records: readonly OpenedConsent[];
  /** The last record, which the next one names. */
  readonly head: ChainPoint;
}

/**
 * Reads the records of this account, and requires that devices of the account have signed them, that each names the
 * one before it, and that none is missing that this device knows (R33).
 * @throws SealdeskError consents_altered, and those of the requests
 */
export async function readOwnChain(deps: OwnChainDeps): Promise<OwnChain> {
  const { user } = deps.account;
  const known = await knownChain(deps, user);
  const records: OpenedConsent[] = [];
  let head: ChainPoint = { number: 0, digest: zeroHash };
  for (;;) {
    const page = await deps.api.readConsents(user, head.number);
    for (const shown of page) {
      const opened = await openShown(deps, user, shown);
      const previous = opened?.record.previous;
      const follows = previous?.number === head.number && equalBytes(previous.digest, head.digest);
      if (opened === undefined || !follows) throw chainAltered(user);
      records.push(opened);
      head = { number: head.number + 1, digest: opened.digest };
      if (known?.number === head.number && !equalBytes(known.digest, head.digest))
        throw chainAltered(user);
    }
    if (page.length === 0) break;
  }
  await noteChain(deps, user, head);
  return { records, head };
}
