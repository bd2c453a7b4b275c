// What every command that deploys a source can ask for besides.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { Invocation, Option } from "../command.ts";
import { countOf, textOf } from "../commands/options.ts";

export type Settings = Omit<InputOf<"deployments.create">, "source" | "suggestedName">;

export const settingOptions: readonly Option[] = [
  { flags: "--project <NAME>", summary: "the project of an app that is new (default)" },
  { flags: "--domain <HOST>", summary: "serve it at this host name too" },
  { flags: "--sandbox <KIND>", summary: "gvisor or runc" },
  { flags: "--instances <N>", summary: "how many instances run" },
];

export const detachOption: Option = { flags: "--detach", summary: "do not wait; print the deployment's id" };

const sandboxOf = (text: string | undefined): SandboxKind | undefined => {
  if (text === undefined || text === "gvisor" || text === "runc") return text;
  throw new SlipError("usage", `There is no sandbox "${text.slice(0, 40)}".`, { next: "Use --sandbox gvisor or --sandbox runc." });
};

/** Throws `usage`. */
export const settingsOf = ({ options }: Pick<Invocation, "options">): Settings => {
  const app = textOf(options, "app");
  const project = textOf(options, "project");
  const domain = textOf(options, "domain");
  const sandbox = sandboxOf(textOf(options, "sandbox"));
  const instances = countOf(textOf(options, "instances"), "--instances");
  return { ...(app && { app }), ...(project && { project }), ...(domain && { domain }), ...(sandbox && { sandbox }), ...(instances && { instances }) };
};
