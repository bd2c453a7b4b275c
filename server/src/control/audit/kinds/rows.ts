// Rows that contradict one another: half states. Pure.
import type { Finding } from "../finding.ts";
import type { Look } from "../look.ts";

export const inRows = ({ books }: Look): Finding[] => [
  ...books.halfLive.map(({ deployment, app, why }) => finding("deployment", "difference", deployment, `It is the live one of ${app}, but ${why}.`)),
  ...books.unlived.map(({ release, app, deployment }) => finding("release", "orphan", release, `Of ${app}: ${deployment} has ended without becoming live.`)),
  ...books.strayDomains.map(({ host, app, deployment }) => finding("domain", "orphan", host, `${app} has it of ${deployment}, which did not become live.`)),
  ...books.strayWorkloads.map(({ id, app, destroyed }) =>
    finding("workload", "orphan", id, `Of ${app}: it is wanted, but ${destroyed ? "the app is destroyed" : "serves nobody"}.`),
  ),
  ...books.unrestorable.map(({ app, release }) => finding("release", "loss", `${app} ${release}`, `It was live when ${app} was destroyed, and is not kept.`)),
  ...books.strayRoutes.map(({ host, path, app, deployment }) =>
    finding("route", "difference", `${host}${path}`, `It leads to ${deployment}, which is not the live deployment of ${app}.`),
  ),
  ...books.unrouted.map(({ app, deployment }) => finding("route", "loss", app, `No route leads to ${deployment}, which is live.`)),
];

const finding = (kind: Finding["kind"], problem: Finding["problem"], name: string, detail: string): Finding => ({ kind, problem, name, detail });
