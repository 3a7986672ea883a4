import { logOf } from "../../../crypto/wire/ids.ts";
import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import type { CheckpointStore } from "../../../audit/checkpoints/checkpoint-store.ts";
import { KnownHeads } from "../../../audit/read/known-heads.ts";
import { RESTORE_PATH } from "../../../audit/witness/tell-restores.ts";
import { OPERATOR_LOG } from "../../support/audit-log.ts";
import { declareRestore } from "../../support/declared-restore.ts";
import { until } from "../../support/until.ts";
import { openWitnessedLog, type WitnessedLog } from "../../support/witnessed-log.ts";

let witnessed: WitnessedLog;
let store: CheckpointStore;

/** The logs were signed, kept outside and cosigned. Then an older database was put back. */
beforeEach(async () => {
  witnessed = await openWitnessedLog();
  const { log, tenant } = witnessed;
  store = directoryCheckpoints(log.folder);
  const integrator = log.startIntegrator({ witnesses: witnessed.ask() });
  await witnessed.settledAndCosigned(logOf(tenant));
  await witnessed.settledAndCosigned(OPERATOR_LOG);
  await integrator.close();
  const kept = await store.all();
  await witnessed.putBack();
  for (const { log: id, note } of kept) await store.put(id, note);
  await log.append(tenant, 2);
});
afterEach(() => witnessed.close());

const declare = () => declareRestore(witnessed.database.ownerUrl, store, witnessed.log.signer);

test("our own witness cosigns what continues after a declared restore, and nothing else", async () => {
  const { log, tenant, witness, told } = witnessed;
  const refused = log.startIntegrator({ witnesses: witnessed.ask() });
  await until(() => refused.refusal?.code === "audit_log_behind");
  await refused.close();
  await declare();
  const integrator = log.startIntegrator({ witnesses: witnessed.ask() });
  await witnessed.settledAndCosigned(logOf(tenant));
  await witnessed.settledAndCosigned(OPERATOR_LOG);
  expect(integrator.refusal).toBeUndefined();
  expect(witness.requests).toContain(`POST ${RESTORE_PATH}`);
  for (const note of witness.seen.values()) expect(note).toContain("\nrestored 1\n");
  expect(told).toEqual([]);
  // The restored log is held to what it is now.
  await integrator.close();
  const kept = await store.all();
  await witnessed.putBack();
  for (const { log: id, note } of kept) await store.keepProof(id, note);
  // The folder was removed with the declaration in it.
  const again = log.startIntegrator({ witnesses: witnessed.ask() });
  await until(() => again.refusal?.code === "audit_checkpoint_invalid");
});

test("a witness that knows no restores is reported, and does not stop the log", async () => {
  const { log, tenant, witness, told } = witnessed;
  witness.interfere = ({ url }, response) => {
    if (url !== RESTORE_PATH) return false;
    response.writeHead(404).end();
    return true;
  };
  await declare();
  const integrator = log.startIntegrator({ witnesses: witnessed.ask() });
  await until(() => told.some(({ code }) => code === "disagrees"));
  await log.append(tenant, 1);
  await log.settled();
  expect(integrator.refusal).toBeUndefined();
});

test("a witness that still disagrees after it was told is reported", async () => {
  const { witness, told } = witnessed;
  witness.interfere = ({ url }, response) => {
    if (url !== RESTORE_PATH) return false;
    response.writeHead(200).end();
    return true;
  };
  await declare();
  witnessed.log.startIntegrator({ witnesses: witnessed.ask() });
  await until(() => told.some(({ code }) => code === "disagrees"));
  expect(witness.requests).toContain(`POST ${RESTORE_PATH}`);
});

test("a node that ran meanwhile forgets what the restore lost, and no more", async () => {
  const { log, tenant } = witnessed;
  const heads = new KnownHeads(log.signer.publicKey);
  const root = new Uint8Array(32);
  const { name: origin } = await log.keyOf(logOf(tenant));
  heads.remember(logOf(tenant), { origin, size: 4, root });
  await declare();
  const integrator = log.startIntegrator({ heads });
  await log.settled();
  expect(integrator.refusal).toBeUndefined();
  await integrator.close();
  heads.remember(logOf(tenant), { origin, size: 4, root, restores: 1 });
  const next = log.startIntegrator({ heads });
  await until(() => next.refusal !== undefined);
});
