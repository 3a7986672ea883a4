import type { Member } from "../../crypto/wire/frame.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Clock } from "../runtime.ts";
import {
  isExpired,
  isUnconfirmed,
  loadSeenList,
  refreshAtMs,
  type SeenList,
} from "./seen-lists.ts";

/** A user whose list of devices has expired, and of whom the server shows no newer one. */
export interface ExpiredList {
  readonly user: UserId;
  /** When the list expired by its own statement, in milliseconds since the Unix epoch. */
  readonly validUntilMs: number;
  /** True if nothing is sealed for the user's devices until the account renews its list. */
  readonly withheld: boolean;
}

export interface ListFreshnessDeps {
  readonly store: DeviceStore;
  /**
   * Reads what the key log says about a user, and records the newest list.
   * @throws SealdeskError transient ones
   */
  readonly read: (user: UserId) => Promise<unknown>;
  /** The user whose device this is. */
  readonly self: UserId;
  /** The time that this device measures by itself. */
  readonly localClock: Pick<Clock, "now">;
  /** The device's own clock, as it is set now. */
  readonly deviceClock: Pick<Clock, "now">;
  readonly onExpired: (expired: ExpiredList) => void;
}

/** The time after which this device asks again for a list that the server did not show. */
const askAgainMs = 60_000;

/** Keeps the lists of other users' devices fresh that this device seals for. */
export class ListFreshness {
  readonly #deps: ListFreshnessDeps;
  readonly #askedAtMs = new Map<UserId, number>();
  /** When the lists that were looked at last are to be asked for. */
  readonly #dueAtMs = new Map<UserId, number>();
  readonly #told = new Set<string>();

  constructor(deps: ListFreshnessDeps) {
    this.#deps = deps;
  }

  /**
   * Returns the time by which lists expire: the earlier one of the local clock and the device's own. The
   * local clock stays ahead if the device's clock was set back and forth. A list that seems to have
   * expired would cost members their messages.
   */
  now(): number {
    const { localClock, deviceClock } = this.#deps;
    return Math.min(localClock.now(), deviceClock.now());
  }

  /**
   * Asks for newer lists of these members where that is due. It waits only for lists that have expired.
   * Do not call it inside a store transaction.
   * @throws SealdeskError transient ones, if an expired list could not be asked for
   */
  async refresh(members: readonly Member[]): Promise<void> {
    const { store, self } = this.#deps;
    const nowMs = this.now();
    const isDue = ({ user, devices }: Member) =>
      user !== self && devices.length > 0 && nowMs >= (this.#dueAtMs.get(user) ?? nowMs);
    for (const member of members.filter(isDue)) {
      const { user } = member;
      const load = () => store.read((each) => loadSeenList(each, user));
      const list = await load();
      if (list !== undefined && !isExpired(list, nowMs)) {
        this.#dueAtMs.set(user, refreshAtMs(list));
        // A failure is no reason to wait. The list is asked for again in time.
        if (nowMs >= refreshAtMs(list)) this.#ask(user, nowMs).catch(() => undefined);
        continue;
      }
      await this.#ask(user, nowMs);
      this.#tell(member, await load(), nowMs);
    }
  }

  /**
   * Reads in the background what the key log says about a user, because an event says that their devices
   * changed. If the read fails, the next one says it.
   */
  readAgain(user: UserId): void {
    this.#askedAtMs.delete(user);
    this.#ask(user, this.now()).catch(() => undefined);
  }

  async #ask(user: UserId, nowMs: number): Promise<void> {
    const askedAtMs = this.#askedAtMs.get(user);
    if (askedAtMs !== undefined && nowMs - askedAtMs < askAgainMs) return;
    this.#askedAtMs.set(user, nowMs);
    try {
      await this.#deps.read(user);
    } catch (error) {
      this.#askedAtMs.delete(user);
      throw error;
    }
  }

  /** Tells the application once of each list. */
  #tell({ user, role }: Member, list: SeenList | undefined, nowMs: number): void {
    if (list === undefined || !isExpired(list, nowMs)) return;
    const withheld = isUnconfirmed(list, role, nowMs);
    const name = `${user} ${list.version} ${withheld}`;
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.#deps.onExpired({ user, validUntilMs: list.validUntilMs, withheld });
  }
}
