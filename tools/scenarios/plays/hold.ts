import type { Scenario } from "../scenario.ts";
import { countKeys, openStored } from "../stage/attack.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { refusalOf, type Device } from "../stage/device.ts";
import { beginErasure, certified, conversationsOf, type Certificate } from "../stage/erasure.ts";
import { CITATION, placeHold, reviewDay } from "../stage/holds.ts";
import type { Customer, Stage, Talked } from "../stage/stage.ts";
import { until } from "../stage/until.ts";

/** The time in which a device that is connected would show stored messages. */
const arrivalMs = 5_000;

/** A customer with three conversations, one of which is held, is erased. */
export const hold: Scenario = {
  id: "S1",
  title: "A customer with three conversations is erased. A legal hold keeps one of them.",
  demands: {
    openedBefore: { atLeast: 1 },
    opened: 0,
    keysLeft: 0,
    heldOpened: { sameAs: "heldBefore" },
    custodianRead: { sameAs: "heldSaid" },
    othersRead: 0,
    erased: 2,
    restricted: 1,
    restrictedCited: true,
    devicesAnswered: 1,
    devicesSilent: 1,
    copiesLeft: 0,
    devicesAnsweredLater: 2,
    laterCertificateVerified: true,
    residualUntilKnown: true,
    certificateVerified: true,
    oldTokenRefused: true,
    oldDeviceRefused: true,
    auditVerified: true,
  },
  async play(stage) {
    await stage.begin();
    const scene = await arrangeHeldConversation(stage);
    const head = await keepHead(stage);
    return {
      ...(await eraseAndLook(stage, scene)),
      auditVerified: (await verifyLog(stage, head)).code === 0,
    };
  },
};

/**
 * A customer whose third conversation is held. Its custodian is away. So is another member, who is in the first conversation,
 * too.
 */
export interface HeldConversation {
  readonly customer: Customer;
  readonly agent: Device;
  readonly custodian: Device;
  readonly colleague: Device;
  readonly open: readonly Talked[];
  readonly held: Talked;
}

export async function arrangeHeldConversation(stage: Stage): Promise<HeldConversation> {
  const customer = await stage.customer();
  const [agent, custodian, colleague] = [
    await stage.staff("the agent"),
    await stage.staff("the custodian", "supervisor"),
    await stage.staff("the colleague"),
  ];
  const custodianId = custodian.user;
  const open = [await stage.talk(customer, agent, [colleague]), await stage.talk(customer, agent)];
  await colleague.switchOn();
  const held = await stage.talk(customer, agent, [custodian, colleague]);
  stage.tell("The customer had three conversations.");
  await placeHold(stage, custodianId, "--conversation", held.id);
  return { customer, agent, custodian, colleague, open, held };
}

/** Erases the customer, and looks at what is left from every side. */
export async function eraseAndLook(stage: Stage, scene: HeldConversation) {
  const { system } = stage;
  const { customer, agent, custodian, colleague, held } = scene;
  const open = scene.open.map(({ id }) => id);
  const [openedBefore, heldBefore] = [
    await openStored(system, open),
    await openStored(system, [held.id]),
  ];
  const oldToken = await customer.token();
  const erasure = await beginErasure(stage, customer.user);
  const { certificate, isVerified } = await certified(stage, erasure);
  const [opened, heldOpened] = [
    await openStored(system, open),
    await openStored(system, [held.id]),
  ];
  stage.tell(`With all keys of the server, ${opened} of ${openedBefore} records open.`);
  await custodian.switchOn();
  const custodianRead = (await custodian.heard(held.id, held.texts.length)).length;
  await colleague.switchOn();
  const othersRead = (await colleague.heard(held.id, held.texts.length, arrivalMs)).length;
  stage.tell(
    `Of what is held, the custodian reads ${custodianRead} messages, and others ${othersRead}.`,
  );
  const copiesLeft = await copiesOn(agent, scene.open);
  const later = await until("The answer of the device that was off", async () => {
    const shown = await certified(stage, erasure);
    return answersOf(shown.certificate).answered > 1 ? shown : undefined;
  });
  const { answered, silent } = answersOf(certificate);
  stage.tell(`${answered} device removed its copies at once, and ${silent} when it was on again.`);
  const restricted = certificate.restricted.filter(({ kind }) => kind === "messages");
  return {
    openedBefore,
    opened,
    keysLeft: await countKeys(system, open),
    heldBefore,
    heldOpened,
    heldSaid: held.texts.length,
    custodianRead,
    othersRead,
    erased: conversationsOf(certificate.erased).length,
    restricted: restricted.length,
    restrictedCited: restricted.every(
      ({ citation, reviewAtMs }) =>
        citation === CITATION &&
        reviewAtMs !== null &&
        new Date(reviewAtMs).toISOString().startsWith(reviewDay()),
    ),
    devicesAnswered: answered,
    devicesSilent: silent,
    copiesLeft,
    devicesAnsweredLater: answersOf(later.certificate).answered,
    laterCertificateVerified: later.isVerified,
    residualUntilKnown: certificate.residualUntilMs > certificate.certifiedAtMs,
    certificateVerified: isVerified,
    ...(await tryToComeBack(stage, customer, oldToken)),
  };
}

/** Returns how many devices of others confirmed that they removed their copies, and how many did not. */
function answersOf({ devices }: Certificate) {
  const answered = devices.filter(({ acknowledgedAtMs }) => acknowledgedAtMs !== null).length;
  return { answered, silent: devices.length - answered };
}

/** Returns how many messages of conversations a device still shows. */
async function copiesOn(device: Device, conversations: readonly Talked[]): Promise<number> {
  const read = conversations.map(({ id, texts }) => device.heard(id, texts.length, arrivalMs));
  return (await Promise.all(read)).flat().length;
}

/** Tries an old token on a new device, and the old device with a new token. */
export async function tryToComeBack(stage: Stage, customer: Customer, token?: string) {
  await customer.switchOff();
  const oldDevice = await refusalOf(customer.switchOn());
  const oldToken = token === undefined ? "subject_erased" : await refusalOf(stage.withToken(token));
  stage.tell(
    `The old device is refused: ${oldDevice ?? "no"}. The old token: ${oldToken ?? "no"}.`,
  );
  return {
    oldTokenRefused: oldToken === "subject_erased",
    oldDeviceRefused: oldDevice === "subject_erased",
  };
}
