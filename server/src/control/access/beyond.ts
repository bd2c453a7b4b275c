// What of a call is beyond a grant, in words, and what an approval lifts of it. Pure.
import type { Beyond } from "@slipstream/contract/access.ts";
import { sizeText } from "#platform/diagnosis/amounts.ts";

const sentenceOf = (beyond: Beyond): string => {
  switch (beyond.kind) {
    case "verb":
      return `The token may not ${beyond.verb}.`;
    case "tenant":
      return "It is not about the apps that the grant covers.";
    case "app":
      return `The grant does not cover the app ${beyond.app}.`;
    case "apps":
      return `The grant allows ${beyond.allowed} apps, and there are ${beyond.apps}.`;
    case "instances":
      return `There would be ${beyond.instances} instances; the grant allows ${beyond.allowed}.`;
    case "memory":
      return `An instance would have ${sizeText(beyond.memoryBytes)} of memory; the grant allows ${sizeText(beyond.allowedBytes)}.`;
    case "builds":
      return `The grant's budget of ${beyond.allowed} builds is used up.`;
    case "cpu":
      return `The grant's budget of ${beyond.allowedMinutes} CPU minutes is used up.`;
  }
};

/** All of it, so that nobody approves what was not said. */
export const whyOf = (beyond: readonly Beyond[]): string => beyond.map(sentenceOf).join(" ");

/** A verb or an app is lifted itself, an amount as far as it was named, and what is counted for the one call. */
const lifts = (lifted: Beyond, it: Beyond): boolean => {
  switch (it.kind) {
    case "verb":
      return lifted.kind === "verb" && lifted.verb === it.verb;
    case "app":
      return lifted.kind === "app" && lifted.app === it.app;
    case "instances":
      return lifted.kind === "instances" && lifted.instances >= it.instances;
    case "memory":
      return lifted.kind === "memory" && lifted.memoryBytes >= it.memoryBytes;
    case "tenant":
    case "apps":
    case "builds":
    case "cpu":
      return lifted.kind === it.kind;
  }
};

/** What is left of it where some was lifted. */
export const stillBeyond = (beyond: readonly Beyond[], lifted: readonly Beyond[] = []): Beyond[] =>
  beyond.filter((it) => !lifted.some((one) => lifts(one, it)));
