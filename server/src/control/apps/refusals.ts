// Why something cannot be done with an app, in the same words wherever it is found out.
import { SlipError } from "@slipstream/contract/errors.ts";

export const noLiveRelease = (app: string): SlipError => new SlipError("conflict", `The app ${app} has no live release.`, { next: "Deploy it first." });

/** Whose it is, is not said. */
export const nameOfAnother = (app: string): SlipError => new SlipError("conflict", `The name ${app} belongs to another app.`);

export const isThereAlready = (app: string): SlipError =>
  new SlipError("conflict", `There is an app ${app} already.`, { next: "Deploy it, or choose another name." });
