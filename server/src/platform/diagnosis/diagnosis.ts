// What the last lines of a program that failed say: a likely cause, what to do, and the place in the source that they name.
// Lines are data from a stranger: only fixed forms are looked for, and nothing of them is obeyed.
import { TookTooLong, within } from "../within.ts";
import { decisive } from "./decisive.ts";
import { fileSigns } from "./file-signs.ts";
import { memorySigns } from "./memory-signs.ts";
import { networkSigns } from "./network-signs.ts";
import { packageSigns } from "./package-signs.ts";
import { placeIn } from "./place.ts";
import { programSigns } from "./program-signs.ts";
import type { Diagnosis, Sign, Surroundings } from "./sign.ts";
import { variableSigns } from "./variable-signs.ts";

/** In their order: the more a sign says, the earlier it comes. */
const signs: readonly Sign[] = [...memorySigns, ...packageSigns, ...networkSigns, ...fileSigns, ...variableSigns, ...programSigns];

const lineLength = 2_000;
/** Usually it takes less than one. */
const recogniseMs = 500;

const recognise = (all: readonly string[], around: Surroundings): Diagnosis => {
  const cut = all.map((line) => line.slice(0, lineLength));
  // Tools of a build end with their reason, and with much that is none; programs that serve end with their error.
  const { lines, isDump } = around.during === "run" ? decisive(cut) : { lines: cut, isDump: false };
  const text = lines.join("\n");
  const place = placeIn(lines);
  for (const sign of signs) {
    if (sign.during?.includes(around.during) === false || (sign.inDump && !isDump)) continue;
    const match = sign.pattern.exec(text);
    const found = match && sign.read(match.slice(1), around);
    if (found) return { ...(place === undefined ? {} : { place }), ...found };
  }
  return place === undefined ? {} : { place };
};

/** Empty when nothing is recognised in time. */
export const diagnose = (all: readonly string[], around: Surroundings): Diagnosis => {
  try {
    return within(recogniseMs, () => recognise(all, around));
  } catch (error) {
    if (error instanceof TookTooLong) return {};
    throw error;
  }
};

/** The parts of a diagnosis that every error carries. */
export const detailsOf = ({ cause, actions, place }: Diagnosis): { cause?: string; next?: readonly string[]; file?: string; line?: number } => ({
  ...(cause === undefined ? {} : { cause }),
  ...(actions === undefined ? {} : { next: actions }),
  ...(place === undefined ? {} : place),
});
