/**
 * What a dishonest relay says in its own name. It makes membership events of any content. Each list differs
 * in one way from what an honest relay would show. In most searches it can even sign in everybody's name. In
 * one it cannot, and shows the acts that members signed where it likes.
 */
import type { Member } from "../../crypto/wire/frame.ts";
import type { DeviceId, UserId } from "../../crypto/wire/ids.ts";
import {
  anna,
  auditor,
  ben,
  firstOf,
  mallory,
  memberOf,
  supervisor,
  type Account,
} from "./cast.ts";
import { lastSeenOf, sealWith } from "./device.ts";
import type { Device } from "./known.ts";
import { act, sealedAgain, type Act, type Content, type Message } from "./events.ts";

const writer = firstOf(mallory);

export class Relay {
  readonly #founders: readonly Account[];
  readonly #accounts: readonly Account[];
  readonly #isBrief: boolean;
  readonly #isRelisting: boolean;
  /** Whether the key log says that Ben's second device was removed. */
  readonly isRemoving: boolean;
  /** Whether the relay can sign in the name of others. */
  readonly forges: boolean;

  /**
   * @param founders the accounts with which Anna begins the conversation
   * @param others further honest accounts that may become members
   * @param kind `brief` only adds and removes Mallory, who writes too. Then a search can go deeper. `relisting`
   *   only removes Ben's second device and lists it again. `removing` has it removed from the account only
   */
  constructor(
    founders: readonly Account[],
    others: readonly Account[],
    kind: "forging" | "brief" | "relisting" | "removing" | "unsigned" = "forging",
  ) {
    this.#founders = founders;
    this.#accounts = [...founders, ...others, mallory];
    this.#isBrief = kind === "brief";
    this.#isRelisting = kind === "relisting";
    this.isRemoving = kind === "removing";
    this.forges = kind !== "unsigned";
  }

  /** The event with which an honest relay begins the log. */
  get creation(): Content {
    return this.#created(this.#founders.map(memberOf));
  }

  /** Returns a message as it was sent, and as Mallory can seal it again if she could open it. */
  repeated(message: Message): readonly Message[] {
    const canOpen = message.said.readers.includes(writer.device);
    return canOpen && this.#isBrief ? [message, sealedAgain(message, writer)] : [message];
  }

  /** Returns what the relay can say next to a device. */
  contentsFor(device: Device): readonly Content[] {
    const { owner, state } = device;
    const account = this.#accounts.find(({ user }) => user === owner.user);
    if (account === undefined) return [];
    if (state === undefined)
      return this.#founders.includes(account) ? this.#creations() : this.#firstEntries(account);
    const { members, epoch, joined, unseen, malformed } = state;
    if (this.isRemoving) return [];
    if (this.#isRelisting) return this.#relisted(members, epoch + 1);
    if (this.#isBrief) return [...this.#brief(members, epoch), this.#written(device, epoch)];
    const isUnsure = unseen || malformed;
    return [
      ...(joined ? this.#changes(owner.device, members, epoch) : []),
      ...(joined && !this.forges ? [this.#addedByAuditor(members, epoch + 1)] : []),
      ...(joined && !isUnsure ? [] : this.#entries(account, owner.device, members, epoch)),
      ...(isUnsure ? this.#listsAfterGap(account, members, epoch) : []),
    ];
  }

  /** Ben's second device leaves, and comes back. */
  #relisted(members: readonly Member[], epoch: number): readonly Content[] {
    const { user } = ben;
    const device = ben.devices[1]!;
    return members.some(({ devices }) => devices.includes(device))
      ? [this.#device("device_removed", user, withoutDevice(members, device), epoch)]
      : [this.#device("device_added", user, withDevice(members, user, [device]), epoch)];
  }

  /** The auditor signs that Mallory comes. */
  #addedByAuditor(members: readonly Member[], epoch: number): Content {
    const after = [...without(members, mallory), memberOf(mallory)];
    const by = { actor: auditor, subject: mallory.user, isSigned: true };
    return this.#act({ kind: "member_added", ...by, members: after, epoch });
  }

  #brief(members: readonly Member[], epoch: number): readonly Content[] {
    return [
      this.#quiet(members, epoch),
      isIn(members, mallory)
        ? this.#removed(mallory, members, epoch + 1)
        : this.#added(mallory, members, epoch + 1),
      this.#quiet(withMallory(members), epoch),
    ];
  }

  /** Returns what an honest user of a device may do. Nobody adds Mallory. */
  actsOf(device: Device): readonly Content[] {
    const { owner, state } = device;
    if (this.forges || state?.joined !== true || state.malformed) return [];
    const { members, epoch } = state;
    const said = { isSigned: true, after: lastSeenOf(device), actor: owner.user };
    const by = { ...said, epoch: epoch + 1 };
    const isCustomer = members.some(({ user, role }) => user === owner.user && role === "customer");
    const changes = this.#accounts
      .filter((account) => account !== mallory && account.user !== owner.user && !isCustomer)
      .map((account) => {
        const isMember = isIn(members, account);
        const after = without(members, account);
        return this.#act({
          ...by,
          kind: isMember ? "member_removed" : "member_added",
          subject: account.user,
          members: isMember ? after : [...after, memberOf(account)],
        });
      });
    const consent = { ...said, kind: "consent_changed", subject: owner.user } as const;
    return [...changes, this.#act({ ...consent, members, epoch })];
  }

  /** What Mallory writes for a device whose log she knows. */
  #written(device: Device, epoch: number): Content {
    return sealWith(device, { author: writer, epoch, readers: [device.owner.device] });
  }

  #creations(): readonly Content[] {
    const members = this.#founders.map(memberOf);
    const last = this.#founders.at(-1) ?? anna;
    return [
      this.creation,
      this.#created(withDevice(members, last.user, mallory.devices)),
      this.#created(withMallory(members)),
      this.#created(withMallory(members), [mallory.user]),
    ];
  }

  /** @param forged users whom Anna did not name, and whom the record names */
  #created(members: readonly Member[], forged: readonly UserId[] = []): Content {
    const named = [...this.#founders.map(({ user }) => user), ...forged];
    const by = { actor: anna.user, subject: anna.user };
    return act({ kind: "created", ...by, members, epoch: 1, named, genuine: forged.length === 0 });
  }

  /** A newcomer is told of any members. */
  #firstEntries(account: Account): readonly Content[] {
    const members = this.#founders.map(memberOf);
    const strange = withDevice(members, anna.user, mallory.devices);
    return [
      ...[members, members.slice(0, 1), strange, withMallory(members)].map((before) =>
        this.#added(account, before, 2),
      ),
      this.#added(account, members, 2, false),
    ];
  }

  /** The acts that the members allow, and lists that no act makes. */
  #changes(own: DeviceId, members: readonly Member[], epoch: number): readonly Content[] {
    const next = epoch + 1;
    return [
      this.#quiet(members, epoch),
      ...this.#accounts.map((account) =>
        isIn(members, account)
          ? this.#removed(account, members, next)
          : this.#added(account, members, next),
      ),
      ...this.#founders
        .filter((account) => account.devices.length > 1 && isIn(members, account))
        .flatMap(({ user, devices }) =>
          devices.map((device) =>
            members.some((member) => member.devices.includes(device))
              ? this.#device("device_removed", user, withoutDevice(members, device), next)
              : this.#device("device_added", user, withDevice(members, user, [device]), next),
          ),
        ),
      ...(isIn(members, anna)
        ? [
            this.#device(
              "device_added",
              anna.user,
              withDevice(members, anna.user, mallory.devices),
              next,
            ),
          ]
        : []),
      this.#quiet(withMallory(members), epoch),
      this.#quiet(withoutDevice(members, own), epoch),
    ];
  }

  /** The events that make a device a member again. */
  #entries(
    account: Account,
    own: DeviceId,
    members: readonly Member[],
    epoch: number,
  ): readonly Content[] {
    const { user, devices } = account;
    const others = without(members, account);
    const next = epoch + 1;
    const all = [
      this.#added(account, others, next),
      this.#added(account, withMallory(others), next),
      this.#added(account, others, next, false),
    ];
    if (devices.length === 1 || !isIn(members, account)) return all;
    const listed = withDevice(members, user, [own]);
    return [
      ...all,
      this.#device("device_added", user, listed, next),
      this.#device("device_added", user, withMallory(listed), next),
    ];
  }

  /** Lists that are possible if events that changed the members are gone. */
  #listsAfterGap(account: Account, members: readonly Member[], epoch: number): readonly Content[] {
    const absent = this.#founders.find((each) => !isIn(members, each));
    const other = this.#founders.find((each) => each !== account && isIn(members, each));
    return [
      this.#quiet(withMallory(members), epoch + 1),
      ...(other === undefined ? [] : [this.#quiet(without(members, other), epoch + 1)]),
      ...(absent === undefined ? [] : [this.#added(absent, withMallory(members), epoch + 2)]),
    ];
  }

  /** An event that changes no member, by the first of those whom it lists. */
  #quiet(members: readonly Member[], epoch: number): Content {
    const author = members[0]?.user ?? anna.user;
    return this.#act({ kind: "consent_changed", actor: author, subject: author, members, epoch });
  }

  #added(account: Account, before: readonly Member[], epoch: number, genuine = true): Content {
    const members = [...before, memberOf(account)];
    const by = { actor: supervisor, subject: account.user };
    return this.#act({ kind: "member_added", ...by, members, epoch, genuine });
  }

  #removed(account: Account, before: readonly Member[], epoch: number): Content {
    const by = { actor: supervisor, subject: account.user };
    return this.#act({ kind: "member_removed", ...by, members: without(before, account), epoch });
  }

  #device(
    kind: "device_added" | "device_removed",
    user: UserId,
    members: readonly Member[],
    epoch: number,
  ): Content {
    return this.#act({ kind, actor: user, subject: user, members, epoch });
  }

  #act(said: Omit<Act, "named">): Content {
    const named = this.#founders.map(({ user }) => user);
    return act({ isSigned: this.forges, ...said, named });
  }
}

const isIn = (members: readonly Member[], { user }: Account): boolean =>
  members.some((member) => member.user === user);

const without = (members: readonly Member[], { user }: Account): readonly Member[] =>
  members.filter((member) => member.user !== user);

const withMallory = (members: readonly Member[]): readonly Member[] => [
  ...without(members, mallory),
  memberOf(mallory),
];

const withDevice = (
  members: readonly Member[],
  user: UserId,
  devices: readonly DeviceId[],
): readonly Member[] =>
  members.map((member) =>
    member.user === user
      ? { ...member, devices: [...new Set([...member.devices, ...devices])].toSorted() }
      : member,
  );

const withoutDevice = (members: readonly Member[], device: DeviceId): readonly Member[] =>
  members.map((member) => ({
    ...member,
    devices: member.devices.filter((each) => each !== device),
  }));
