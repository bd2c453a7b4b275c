// What a deployment's own log says of it (source "platform"): it is kept with the app's other lines.
import type { Control } from "../control.ts";
import { type DeploymentRow, tagsOf } from "./deployment.ts";

/** The last line of a deployment that has ended. Pure. */
export const endingOf = ({ kind, state, release, failure, phases }: Pick<DeploymentRow, "kind" | "state" | "release" | "failure" | "phases">): string => {
  const totalMs = Math.round(phases.reduce((sum, phase) => sum + phase.ms, 0));
  const times = phases.map(({ name, ms }) => `${name} ${Math.round(ms)}`).join(", ");
  const outcome =
    state === "live"
      ? `live as release ${release}`
      : `${state} in phase ${failure?.phase ?? "queue"}: ${failure?.summary ?? state} (${failure?.code ?? state})`;
  return `${kind} ${outcome}, after ${totalMs} ms (${times})`;
};

export const tell = (control: Pick<Control, "logWriter">, row: DeploymentRow, text: string): void => {
  control.logWriter.append({
    time: new Date().toISOString(),
    source: "platform",
    stream: row.state === "failed" ? "stderr" : "stdout",
    ...tagsOf(row),
    text,
  });
};
