import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { ChainPoint } from "../../crypto/wire/consent-record.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { fixed, message, uint } from "../../crypto/wire/protobuf.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { SealdeskError } from "../errors.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import type { InTurn } from "./in-turn.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const point = message({ number: [1, uint()], digest: [2, fixed(32)], restores: [3, uint()] });
const keyOf = (user: UserId): string => `consents!${user}`;

export interface KnownChainDeps {
  readonly store: Pick<DeviceStore, "read" | "transact">;
  readonly keyLog: Pick<KeyLog, "restores">;
  /** Asks for one chain at a time. An answer that a later one overtakes would look like one that leaves records out. */
  readonly inTurn: InTurn;
}

/**
 * Remembers the last record of an account's chain that the server has shown, and requires that it never shows an
 * earlier one or another one in its place (R33). A declared restore of the server may have lost records.
 * @throws SealdeskError consents_altered
 */
export async function noteChain(
  { store, keyLog }: Pick<KnownChainDeps, "store" | "keyLog">,
  user: UserId,
  shown: ChainPoint,
): Promise<void> {
  const { restores } = keyLog;
  await store.transact(async (transaction) => {
    const stored = await transaction.get(keyOf(user));
    const known = stored && decodeRecord(point, stored);
    const isLost = known !== undefined && restores === known.restores && !isLater(shown, known);
    if (isLost) throw chainAltered(user);
    transaction.put(keyOf(user), encodeRecord(point, { ...shown, restores }));
  });
}

/** Returns the last record that the server has shown since it was restored last, if there is one. */
export async function knownChain(
  { store, keyLog }: Pick<KnownChainDeps, "store" | "keyLog">,
  user: UserId,
): Promise<ChainPoint | undefined> {
  const stored = await store.read((transaction) => transaction.get(keyOf(user)));
  const known = stored && decodeRecord(point, stored);
  return known?.restores === keyLog.restores ? known : undefined;
}

const isLater = (shown: ChainPoint, known: ChainPoint): boolean =>
  shown.number > known.number ||
  (shown.number === known.number && equalBytes(shown.digest, known.digest));

export const chainAltered = (user: UserId): SealdeskError =>
  new SealdeskError(
    "consents_altered",
    "The server leaves out, changes or reorders consents that this device knows.",
    { user },
  );
