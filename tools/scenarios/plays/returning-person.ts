import { setTimeout as wait } from "node:timers/promises";
import type { Scenario } from "../scenario.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { beginErasure, certified } from "../stage/erasure.ts";
import { placeHold } from "../stage/holds.ts";
import type { Customer, Stage } from "../stage/stage.ts";
import { tryToComeBack } from "./hold.ts";

/** An erased person registers again with the same e-mail address. */
export const returningPerson: Scenario = {
  id: "S6",
  title: "A person who was erased registers again with the same e-mail address.",
  demands: {
    newPseudonym: true,
    newKeys: true,
    conversationsShown: 0,
    membersThatSeeNewAccount: 0,
    oldTokenRefused: true,
    oldDeviceRefused: true,
    custodianAsked: true,
    certificateVerified: true,
    auditVerified: true,
  },
  async play(stage) {
    await stage.begin();
    const [customer, agent] = [await stage.customer(), await stage.staff("the agent")];
    const custodian = await stage.staff("the custodian", "supervisor");
    const { id } = await stage.talk(customer, agent);
    const held = await stage.talk(customer, agent);
    const hold = await placeHold(stage, custodian.user, "--conversation", held.id);
    const head = await keepHead(stage);
    const { user } = customer;
    const { device } = customer.sealdesk;
    const oldToken = await customer.token();
    const { isVerified } = await certified(stage, await beginErasure(stage, user));
    const alertsBefore = await alertsOf(stage, hold);
    const refused = await tryToComeBack(stage, customer, oldToken);
    const again = await registerAgain(stage, customer);
    const seen = agent.sealdesk
      .conversations()
      .filter(({ members }) => members.some((member) => member.user === again.user));
    stage.tell(`The same address is account ${again.user} now, and was ${user}.`);
    return {
      newPseudonym: again.user !== user,
      newKeys: again.sealdesk.device !== device,
      conversationsShown: again.sealdesk
        .conversations()
        .filter((each) => [id, held.id].includes(each.id)).length,
      membersThatSeeNewAccount: seen.length,
      ...refused,
      custodianAsked: (await alertsOf(stage, hold)) > alertsBefore,
      certificateVerified: isVerified,
      auditVerified: (await verifyLog(stage, head)).code === 0,
    };
  },
};

/** Registers with a token from after the erasure. Tokens count in seconds. */
async function registerAgain(stage: Stage, { persona }: Customer): Promise<Customer> {
  await wait(2_000);
  return stage.customer(persona);
}

/** Returns how many alerts are about a hold. */
async function alertsOf(stage: Stage, hold: string): Promise<number> {
  const printed = await stage.sealdesk("alerts", "list", "--tenant", "demo", "--all", "--json");
  const alerts = JSON.parse(printed) as readonly { readonly resource: string }[];
  return alerts.filter(({ resource }) => resource === hold).length;
}
