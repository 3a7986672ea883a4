import type { Secret } from "../../../keys/secret.ts";
import { startVaultDouble, type VaultDouble } from "../../testkit/vault-double.ts";
import type { CaseId, UserId } from "../../../crypto/wire/ids.ts";
import type { Scenario } from "../scenario.ts";
import { countKeys, openStored } from "../stage/attack.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { refusalOf, type Device } from "../stage/device.ts";
import { beginErasure, certified, countCertificates, stateOf } from "../stage/erasure.ts";
import type { Stage, Talked } from "../stage/stage.ts";
import { StepGate } from "../stage/step-gate.ts";
import { until } from "../stage/until.ts";

/** The key service is sealed, and then the server is killed in every step of an erasure. */
export const interruptedErasure: Scenario = {
  id: "S9",
  title: "The key service is sealed during an erasure. Then the server is killed in every step.",
  demands: {
    reasonSaid: true,
    fencedAtOnce: true,
    keysBefore: { atLeast: 1 },
    keysWhileSealed: { sameAs: "keysBefore" },
    certificatesWhileSealed: 0,
    steps: { atLeast: 1 },
    killedSteps: { sameAs: "steps" },
    certificatesTooEarly: 0,
    storesAcknowledged: { atLeast: 3 },
    keysLeft: 0,
    opened: 0,
    certificates: { sameAs: "people" },
    certificateVerified: true,
    auditVerified: true,
  },
  async play(stage) {
    const vault = await startVaultDouble();
    try {
      await stage.begin(keyServiceOf(vault));
      return await eraseWithFaults(stage, vault);
    } finally {
      await vault.close();
    }
  },
};

const keyServiceOf = ({ options }: VaultDouble) => {
  const { roleId, secretId } = options.login as { roleId: string; secretId: Secret<string> };
  return {
    variables: {
      SEALDESK_KMS: "vault",
      VAULT_ADDR: options.address,
      VAULT_ROLE_ID: roleId,
      VAULT_SECRET_ID: secretId.reveal(),
    },
    settings: (home: string) =>
      ({ kind: "vault", home, passphrase: undefined, keyFile: undefined, ...options }) as const,
  };
};

/** Erases one person while the key service is sealed, and another one while the server is killed. */
async function eraseWithFaults(stage: Stage, vault: VaultDouble) {
  const [first, second] = [await stage.customer(), await stage.customer()];
  const agent = await stage.staff("the agent");
  const talked = [await stage.talk(first, agent), await stage.talk(second, agent)] as const;
  const people = [first.user, second.user] as const;
  const head = await keepHead(stage);
  const whileSealed = await eraseWhileSealed(stage, vault, {
    user: first.user,
    agent,
    ...talked[0],
  });
  for (const device of [first, second, agent]) await device.switchOff();
  const gate = await StepGate.close(stage.system);
  const erasure = await beginErasure(stage, people[1]);
  const { killed, tooEarly } = await killInEveryStep(stage, gate, erasure);
  await gate.open();
  const { certificate, isVerified } = await certified(stage, erasure);
  const ids = talked.map(({ id }) => id);
  return {
    ...whileSealed,
    steps: (await stateOf(stage, erasure)).step,
    killedSteps: killed,
    certificatesTooEarly: tooEarly,
    storesAcknowledged: new Set(certificate.stores.map(({ store }) => store)).size,
    keysLeft: await countKeys(stage.system, ids),
    opened: await openStored(stage.system, ids),
    certificates: await countCertificates(stage, people),
    people: people.length,
    certificateVerified: isVerified,
    auditVerified: (await verifyLog(stage, head)).code === 0,
  };
}

async function eraseWhileSealed(
  stage: Stage,
  vault: VaultDouble,
  { user, agent, id }: { readonly user: UserId; readonly agent: Device } & Pick<Talked, "id">,
) {
  const keysBefore = await countKeys(stage.system, [id]);
  const conversation = await agent.joined(id);
  const erasure = await beginErasure(stage, user);
  vault.sealed = true;
  const reason = await until("The case waiting for the key service", async () => {
    const { state, pending } = await stateOf(stage, erasure);
    return state === "shredding" && pending !== null ? pending : undefined;
  });
  stage.tell(`The key service is sealed. The case waits: ${reason}.`);
  const refusal = await refusalOf(conversation.send("After the fence."));
  const seen = {
    reasonSaid: reason === "kms_sealed",
    fencedAtOnce: refusal === "subject_erased",
    keysBefore,
    keysWhileSealed: await countKeys(stage.system, [id]),
    certificatesWhileSealed: await countCertificates(stage, [user]),
  };
  vault.sealed = false;
  stage.tell("The key service is unsealed. The case goes on by itself.");
  await certified(stage, erasure);
  return seen;
}

/**
 * Kills the server once in every step, when it has done everything of the step but commit. The next server takes the
 * step again.
 * @returns in how many steps, and how many certificates there were before the last step
 */
async function killInEveryStep(stage: Stage, gate: StepGate, id: CaseId) {
  const { system } = stage;
  const killed = new Set<number>();
  let tooEarly = 0;
  for (;;) {
    const moment = await until("The next step", async () => {
      const { state } = await stateOf(stage, id);
      return state === "certified" ? state : gate.moment();
    });
    if (moment === "certified") return { killed: killed.size, tooEarly };
    const { step, state } = await stateOf(stage, id);
    if (await isCertified(stage, id)) tooEarly++;
    if (moment === "before_step" || killed.has(step)) {
      await gate.letOnePass();
      continue;
    }
    killed.add(step);
    await system.kill();
    await gate.letOnePass();
    stage.tell(`The server is killed while it is ${state}, and started again.`);
    await system.start(stage.variables);
  }
}

const isCertified = async ({ system }: Stage, id: CaseId): Promise<boolean> => {
  const { rowCount } = await system.administrator.query(
    "select from sealdesk.erasures where case_id = $1 and certificate is not null",
    [id],
  );
  return rowCount !== 0;
};
