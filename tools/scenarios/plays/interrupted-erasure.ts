import type { Secret } from "../../../keys/secret.ts";
import {
  isRedisInstalled,
  startRedisServer,
  type RedisServer,
} from "../../testkit/redis-server.ts";
import { stopServer } from "../../testkit/server-process.ts";
import { startVaultDouble, type VaultDouble } from "../../testkit/vault-double.ts";
import type { CaseId, UserId } from "../../../crypto/wire/ids.ts";
import type { Scenario } from "../scenario.ts";
import { countKeys, openStored } from "../stage/attack.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { refusalOf, type Device } from "../stage/device.ts";
import { beginErasure, certified, countCertificates, reached, stateOf } from "../stage/erasure.ts";
import type { Stage, Talked } from "../stage/stage.ts";
import { StepGate } from "../stage/step-gate.ts";
import { until } from "../stage/until.ts";

/** The key service is sealed, a node and Redis are killed, and then the server is killed in every step of an erasure. */
export const interruptedErasure: Scenario = {
  id: "S9",
  title:
    "The key service is sealed during an erasure, and one of two nodes and Redis are killed. Then the server is killed in every step.",
  demands: {
    reasonSaid: true,
    fencedAtOnce: true,
    ownReadsFenced: true,
    keysBefore: { atLeast: 1 },
    keysWhileSealed: { sameAs: "keysBefore" },
    certificatesWhileSealed: 0,
    certificatesWhileRedisAway: 0,
    steps: { atLeast: 1 },
    killedSteps: { sameAs: "steps" },
    certificatesTooEarly: 0,
    storesAcknowledged: { atLeast: 4 },
    keysLeft: 0,
    opened: 0,
    certificates: { sameAs: "people" },
    certificateVerified: true,
    auditVerified: true,
  },
  async play(stage) {
    if (!isRedisInstalled())
      throw new Error("redis-server is missing: install it (apt-get install redis-server).");
    const [vault, redis] = [await startVaultDouble(), await startRedisServer()];
    stage.variables = { REDIS_URL: redis.url };
    try {
      await stage.begin(keyServiceOf(vault));
      return await eraseWithFaults(stage, { vault, redis });
    } finally {
      await Promise.all([vault.close(), redis.kill()]);
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

/** What the server uses and did not start. */
interface Services {
  readonly vault: VaultDouble;
  readonly redis: RedisServer;
}

/** Erases one person while the key service is sealed, and another one while the server is killed. */
async function eraseWithFaults(stage: Stage, services: Services) {
  const [first, second] = [await stage.customer(), await stage.customer()];
  const agent = await stage.staff("the agent");
  const talked = [await stage.talk(first, agent), await stage.talk(second, agent)] as const;
  const people = [first.user, second.user] as const;
  const head = await keepHead(stage);
  const whileSealed = await eraseWhileSealed(stage, services, {
    customer: first,
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

/** What is erased while the key service is sealed. */
interface Erased extends Pick<Talked, "id"> {
  readonly customer: Device;
  readonly agent: Device;
}

async function eraseWhileSealed(stage: Stage, services: Services, { customer, agent, id }: Erased) {
  const { system } = stage;
  const { vault } = services;
  const { user } = customer;
  const other = await system.startAnother(stage.variables);
  stage.tell("Another node is started.");
  const keysBefore = await countKeys(system, [id]);
  const conversation = await agent.joined(id);
  const erasure = await beginErasure(stage, user);
  vault.sealed = true;
  const reason = await until("The case waiting for the key service", async () => {
    const { state, pending } = await stateOf(stage, erasure);
    return state === "shredding" && pending !== null ? pending : undefined;
  });
  stage.tell(`The key service is sealed. The case waits: ${reason}.`);
  const refusal = await refusalOf(conversation.send("After the fence."));
  await customer.switchOff();
  const seen = {
    reasonSaid: reason === "kms_sealed",
    fencedAtOnce: refusal === "subject_erased",
    ownReadsFenced: (await refusalOf(customer.switchOn())) === "subject_erased",
    keysBefore,
    keysWhileSealed: await countKeys(system, [id]),
    certificatesWhileSealed: await countCertificates(stage, [user]),
  };
  const finished = await finishOnOtherNode(stage, services, erasure, user);
  await stopServer(other);
  return { ...seen, ...finished };
}

/** Kills the node that began and Redis, unseals the key service, and has the other node go on. */
async function finishOnOtherNode(
  stage: Stage,
  { vault, redis }: Services,
  erasure: CaseId,
  user: UserId,
) {
  const { system } = stage;
  await redis.kill();
  await system.kill();
  stage.tell("Redis and the node that began are killed.");
  vault.sealed = false;
  await system.startDatabase();
  await reached(stage, erasure, "nodes");
  stage.tell("The key service is unsealed. The other node goes on, and the case waits: nodes.");
  const certificatesWhileRedisAway = await countCertificates(stage, [user]);
  await redis.restart();
  await certified(stage, erasure);
  await system.kill();
  await system.start(stage.variables);
  stage.tell("Redis and the first node are started again.");
  return { certificatesWhileRedisAway };
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
