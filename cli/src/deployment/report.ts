// A failure report for people. Pure: lines out of a value.
import type { FailureReport } from "@slipstream/contract/words.ts";
import type { Colours } from "../terminal/colour.ts";
import { safeText } from "../terminal/text.ts";
import type { DeployResult } from "./result.ts";

/** Nothing where the summary begins with it already. */
const placeOf = ({ file, line, summary }: FailureReport): string =>
  file === undefined || summary.startsWith(`${file}:`) ? "" : ` (${file}${line === undefined ? "" : `:${line}`})`;

/** What failed and where, what the app said (marked as its words), why, what to do. */
const reportLines = (failure: FailureReport, { bold, dim, red }: Colours): string[] => [
  `${red("error:")} ${bold(safeText(failure.summary))}${safeText(placeOf(failure))}`,
  `  in phase ${failure.phase} (${safeText(failure.code)})`,
  ...(failure.evidence.length === 0
    ? []
    : [
        failure.phase === "source" ? "  evidence:" : "  output of the app:",
        ...failure.evidence.flatMap((text) => text.split("\n")).map((text) => `  ${dim(`│ ${safeText(text)}`)}`),
      ]),
  ...(failure.suspectedCause === undefined ? [] : [`  probably: ${safeText(failure.suspectedCause)}`]),
  ...failure.nextActions.map((action) => `next: ${safeText(action)}`),
];

/** What a person is told of a deployment besides its address: what was noticed of the source, and why it did not go live. */
export const endLines = ({ outcome, deployment, failure, notes = [] }: DeployResult, colours: Colours): string[] => {
  if (outcome === "cancelled" && deployment === null) return ["Cancelled before there was a deployment."];
  if (outcome === "cancelled") return [failure?.code === "superseded" ? "A newer deployment took its place." : "Cancelled; nothing of it is left."];
  const noted = notes.map((text) => `${colours.bold("note:")} ${safeText(text)}`);
  return [...noted, ...(failure ? reportLines(failure, colours) : [])];
};
