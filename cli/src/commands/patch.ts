import { SlipError } from "@slipstream/contract/errors.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { deployGiven } from "../deployment/deploy-given.ts";
import { detachOption } from "../deployment/settings.ts";
import { planOption } from "../plan/change.ts";
import { givenFile } from "../source/given-file.ts";
import { textOf } from "./options.ts";

const run = async (call: Invocation): Promise<ExitCode> => {
  const remove = textOf(call.options, "remove")?.split(",");
  const given = textOf(call.options, "base");
  if (call.rest.length === 0 && remove === undefined && given === undefined) throw new SlipError("usage", "No file is named.");
  if (call.rest.filter((word) => word.endsWith("=-")).length > 1) throw new SlipError("usage", "Only one file can come from standard input.");
  const files = await Promise.all(call.rest.map(givenFile));
  return deployGiven(call, { app: first(call), source: { kind: "files", files, base: given ?? "live", ...(remove && { remove }) } });
};

export const patch: Command = {
  name: "patch",
  summary: "Deploy an app again with some files changed; the others stay as they are.",
  arguments: [
    { name: "APP", summary: "name of the app" },
    { name: "PATH", summary: "PATH of a file here and in the source, or PATH=FILE; FILE - is standard input", optional: true, many: true },
  ],
  options: [
    {
      flags: "--base <DEPLOYMENT>",
      summary: "lay them over the source of this deployment, which may have failed (else of the live release); with no PATH that source is deployed again",
    },
    { flags: "--remove <PATHS>", summary: "files and folders to leave out, with commas between" },
    detachOption,
    planOption,
  ],
  notes: "The base is what is live when the command is given: of two that change an app at the same time, the later one wins.",
  examples: ["slip patch shop server.js", "slip patch shop public/index.html=new.html --remove public/old.html,drafts"],
  run,
};
