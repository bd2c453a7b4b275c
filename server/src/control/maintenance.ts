// What control looks after by itself: work that was handed over and lost, the host's state, edges, certificates, old rows.
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { CpuCounter, trimCpuTimes } from "./access/cpu-store.ts";
import { trimAccess } from "./access/token-store.ts";
import { trimKeys } from "./api/idempotency.ts";
import { trimApprovals } from "./approvals/approval-store.ts";
import { purgeOverdue } from "./apps/destroy.ts";
import { dropUnused, ensureCertificate, expireOthers, expiringHosts } from "./certificates/certificate-store.ts";
import { type Control, platformDomain, serviceName } from "./control.ts";
import { submitOpen } from "./deployments/submission.ts";
import { Warmer } from "./deployments/warm.ts";
import { isRotating, rotate } from "./keys/rotation.ts";
import { trimEntries } from "./oauth/oauth-store.ts";
import { trimOutbox } from "./outbox/outbox-store.ts";
import { trimPlans } from "./plans/plan-store.ts";
import { collectGarbage, collectWhenLow } from "./releases/collect.ts";
import { tableVersion, trimChanges } from "./routes/route-store.ts";
import { trimCalls } from "./schedules/schedule-store.ts";
import { Scheduler } from "./schedules/scheduler.ts";
import { trimSessions } from "./sign-in/session-store.ts";
import { giveUpOld } from "./webhooks/delivery-store.ts";
import { Autoscaler } from "./workloads/autoscaler.ts";
import { followHost, reconcile, watchHost } from "./workloads/reconcile.ts";

const hostEveryMs = 5_000;
/** An edge that found no table, or a damaged one, lets clients wait for this. */
const edgesEveryMs = 1_000;
const restateEveryMs = 2_000;
const webhooksEveryMs = 500;
const workEveryMs = 30_000;
const cpuEveryMs = 10_000;
const loadEveryMs = 2_000;
const scheduleEveryMs = 1_000;
const warmEveryMs = 2_000;
const diskEveryMs = 60_000;
const tidyEveryMs = 600_000;

/** A table that is on its way to the edges has come to them by then. */
const settleMs = 200;

const isAnyBehind = async ({ database, routes }: Control): Promise<boolean> => {
  const [oldest, version] = await Promise.all([routes.edges.oldestVersion(), tableVersion(database)]);
  return oldest !== undefined && oldest < version;
};

/** Edges that were started anew read the table on disk; one that is behind all the same gets it now, and so does a disk that was full. */
const watchEdges = async (control: Control): Promise<void> => {
  const isBehind = (await isAnyBehind(control)) && (await sleep(settleMs).then(() => isAnyBehind(control)));
  if (!control.routes.isWritten || isBehind) await control.routes.publish();
};

/** A Restate that has lost what it kept is given all work anew. */
const watchRestate = async (control: Control): Promise<void> => {
  const isNew = await control.restate.registerLost().catch((error: unknown) => {
    if (error instanceof SlipError && error.code === "unreachable") return false;
    throw error;
  });
  if (!isNew) return;
  control.log.warn("Restate had lost the work that it had; it is handed over again");
  await submitOpen(control);
};

/** Workloads that serve no more and that nobody has parked or removed yet. */
const retireLeft = async ({ database, restate, installation }: Control): Promise<void> => {
  const rows = await database<{ appId: string }[]>`
    select distinct app_id from workloads where (retired_at is not null and desire = 'running') or (jsonb_array_length(targets) between 1 and instances - 1)`;
  for (const { appId } of rows)
    for (const handler of ["retire", "shrink"])
      await restate.send({ service: serviceName(installation), key: appId, handler, input: {}, delayMs: hostEveryMs });
};

const renewCertificates = async (control: Control): Promise<void> => {
  const hosts = await expiringHosts(control.database);
  for (const host of hosts) await ensureCertificate(control, control.database, host);
  if (hosts.length === 0) return;
  await control.routes.publish();
};

const tidy = async (control: Control): Promise<void> => {
  await renewCertificates(control);
  await dropUnused(control.database);
  await trimChanges(control.database);
  await trimOutbox(control.database);
  await giveUpOld(control.database);
  await trimKeys(control.database);
  await trimEntries(control.database);
  await trimSessions(control.database);
  await trimPlans(control.database);
  await trimApprovals(control.database);
  await trimAccess(control.database);
  await trimCpuTimes(control.database);
  await trimCalls(control.database);
  await purgeOverdue(control);
  await collectGarbage(control);
};

/** Does something again and again, never twice at a time, until the signal aborts. A failure is told and tried again. */
const every = (control: Control, of: { name: string; everyMs: number; act: (control: Control) => Promise<unknown> }, signal: AbortSignal): void => {
  const again = (): void => {
    if (signal.aborted) return;
    const timer = setTimeout(() => {
      of.act(control)
        .catch((error: unknown) => control.log.warn(`${of.name} failed`, { error: String(error) }))
        .finally(again);
    }, of.everyMs);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  };
  again();
};

/** What has to be right before the first deployment: the certificate of all default host names. */
export const prepare = async (control: Control): Promise<void> => {
  await expireOthers(control, control.database);
  await ensureCertificate(control, control.database, `any.${platformDomain}`);
};

/**
 * What the database says of addresses may be of an earlier start of the machine, and another app's by now: until the host was asked once in
 * this start, nothing is published. The first table of all has no app in it, and needs no host.
 */
const publishFirst = async (control: Control): Promise<void> => {
  const { home, routes } = control;
  const isNew = !existsSync(home.routeTable);
  if (isNew || existsSync(home.routesFollowed)) routes.open();
  await (isNew ? routes.publish() : followHost(control));
  writeFileSync(home.routesFollowed, "");
};

/** What was cut off of a rotation of the sealing key. */
const rotateWhereAsked = async ({ database, sealing: keys }: Control): Promise<void> => {
  if (await isRotating({ database, keys })) await rotate({ database, keys });
};

/** Begins all of it; the host is brought to the desired state as soon as it answers. */
export const maintain = (control: Control, signal: AbortSignal): void => {
  const until = async (name: string, act: () => Promise<unknown>): Promise<void> => {
    for (let pauseMs = 50; !signal.aborted; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      try {
        await act();
        return;
      } catch (error) {
        control.log.info(`${name} is tried again`, { error: String(error) });
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  };
  void until("replacing the sealing key", () => control.rotations.run(() => rotateWhereAsked(control)));
  void until("doing what was approved", () => control.approvals.resume(control));
  void until("publishing the routes", () => publishFirst(control));
  void until("renewing certificates", () => renewCertificates(control));
  void until("bringing the host to what is desired", () => reconcile(control)).then(() => {
    every(control, { name: "watching the host", everyMs: hostEveryMs, act: watchHost }, signal);
  });
  every(control, { name: "watching the edges", everyMs: edgesEveryMs, act: watchEdges }, signal);
  every(control, { name: "watching Restate", everyMs: restateEveryMs, act: watchRestate }, signal);
  every(control, { name: "delivering events", everyMs: webhooksEveryMs, act: ({ webhooks }) => webhooks.look() }, signal);
  every(control, { name: "handing over work", everyMs: workEveryMs, act: submitOpen }, signal);
  every(control, { name: "doing what was approved", everyMs: workEveryMs, act: () => control.approvals.resume(control) }, signal);
  every(control, { name: "retiring workloads", everyMs: workEveryMs, act: retireLeft }, signal);
  const autoscaler = new Autoscaler();
  every(control, { name: "scaling apps", everyMs: loadEveryMs, act: () => autoscaler.look(control) }, signal);
  const scheduler = new Scheduler();
  every(control, { name: "calling functions by their schedules", everyMs: scheduleEveryMs, act: () => scheduler.look(control) }, signal);
  const warmer = new Warmer();
  every(control, { name: "asking ahead what a rollback asks", everyMs: warmEveryMs, act: () => warmer.look(control) }, signal);
  const cpu = new CpuCounter();
  every(control, { name: "counting CPU time", everyMs: cpuEveryMs, act: () => cpu.count(control) }, signal);
  every(control, { name: "watching the disk", everyMs: diskEveryMs, act: collectWhenLow }, signal);
  every(control, { name: "tidying up", everyMs: tidyEveryMs, act: tidy }, signal);
};
