// Tools that make something live.

import { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import { AppName, DeploymentId, Digest, type GivenFile, Hostname, SnippetLanguage, type SourceOrigin } from "@slipstream/contract/words.ts";
import { z } from "zod";
import type { Asking } from "../asking.ts";
import { awaited, carriedOut, Outcome, waitSeconds } from "../outcome.ts";
import { tool } from "../tool.ts";

const Git = z.object({
  url: z.string(),
  ref: z.string().optional().describe("branch, tag or commit"),
  subfolder: z.string().optional(),
  tokenSecret: z.string().optional().describe("secret of the app with the token of a private repository"),
});

const deployInput = z.object({
  app: AppName.optional().describe("default: that of base, else the name in slip.toml, else one made up"),
  git: Git.optional(),
  files: z.record(z.string(), z.string()).optional().describe("path → text"),
  base64: z.record(z.string(), z.string()).optional().describe("path → content of files that are not text"),
  base: z
    .union([z.literal("live"), DeploymentId])
    .optional()
    .describe("lay files over the source of this deployment (also a failed one), or of the live release"),
  remove: z.array(z.string()).optional().describe("paths of base to leave out"),
  tree: Digest.optional().describe("a source that was uploaded already"),
  domain: Hostname.optional(),
  instances: z.int().min(1).max(32).optional(),
  waitSeconds,
});
type DeployInput = z.output<typeof deployInput>;

const filesOf = ({ files = {}, base64 = {} }: DeployInput): GivenFile[] => [
  ...Object.entries(files).map(([path, text]) => ({ path, text })),
  ...Object.entries(base64).map(([path, content]) => ({ path, base64: content })),
];

const gitOf = ({ url, ref, subfolder, tokenSecret }: z.output<typeof Git>): SourceOrigin => ({
  kind: "git",
  url,
  ...(ref === undefined ? {} : { ref }),
  ...(subfolder === undefined ? {} : { subfolder }),
  ...(tokenSecret === undefined ? {} : { tokenSecret }),
});

const sourceOf = (input: DeployInput, { commit, package: folder }: Asking["sent"]): SourceOrigin => {
  const { git, files, base64, base, remove, tree } = input;
  const isFiles = files !== undefined || base64 !== undefined || base !== undefined;
  if (Number(isFiles) + Number(git !== undefined) + Number(tree !== undefined) !== 1)
    throw new SlipError("invalid_input", "Give exactly one source: git, files or tree.", { next: "Call again with one of them." });
  if (git !== undefined) return gitOf(git);
  if (tree !== undefined)
    return { kind: "tree", digest: tree, ...(commit === undefined ? {} : { commit }), ...(folder === undefined ? {} : { package: folder }) };
  return { kind: "files", files: filesOf(input), ...(base === undefined ? {} : { base }), ...(remove === undefined ? {} : { remove }) };
};

/** What an app without a name is called after. */
const suggestionOf = ({ git }: DeployInput): string | undefined =>
  (git?.subfolder ?? git?.url)
    ?.replace(/[/\\]+$/, "")
    .replace(/\.git$/i, "")
    .split(/[/:\\]/)
    .at(-1)
    ?.slice(0, 1_024);

const createInput = (input: DeployInput, asking: Asking): InputOf<"deployments.create"> => {
  const { app, domain, instances } = input;
  const { suggestedName = suggestionOf(input) } = asking.sent;
  return {
    source: sourceOf(input, asking.sent),
    ...(app === undefined ? {} : { app }),
    ...(suggestedName === undefined ? {} : { suggestedName }),
    ...(domain === undefined ? {} : { domain }),
    ...(instances === undefined ? {} : { instances }),
  };
};

export const deploy = tool({
  name: "deploy",
  title: "Deploy",
  description:
    "Make source code live as an app: a git repository, or files in this call. Waits for the end; answers the url, or why it failed and what to do. To mend a failure send only the changed files, with base.",
  kind: "changes",
  repeatable: false,
  reachesOut: true,
  input: deployInput,
  output: Outcome,
  run: async (input, asking) => carriedOut(asking, await asking.do("deployments.create", createInput(input, asking)), input.waitSeconds),
  planned: (input, asking) => ({ operation: "deployments.create", input: createInput(input, asking) }),
});

const snippetInput = z.object({ code: z.string(), language: SnippetLanguage.optional(), app: AppName.optional(), waitSeconds });

const createSnippet = ({ code, language, app }: z.output<typeof snippetInput>): InputOf<"deployments.create"> => ({
  source: { kind: "snippet", code, ...(language === undefined ? {} : { language }) },
  ...(app === undefined ? {} : { app }),
});

export const deploySnippet = tool({
  name: "deploy_snippet",
  title: "Deploy a snippet",
  description:
    "Make one piece of code live: a program that serves HTTP on the port in PORT, a function (export default { fetch(request, env) {} }), or an HTML page. Answers as deploy does.",
  kind: "changes",
  repeatable: false,
  input: snippetInput,
  output: Outcome,
  run: async (input, asking) => carriedOut(asking, await asking.do("deployments.create", createSnippet(input)), input.waitSeconds),
  planned: (input) => ({ operation: "deployments.create", input: createSnippet(input) }),
});

const byId = z.object({ deployment: DeploymentId });

export const wait = tool({
  name: "wait",
  title: "Wait for a deployment",
  description: "Wait until a deployment has ended, at most so long; answers as deploy does.",
  kind: "reads",
  repeatable: true,
  input: byId.extend({ waitSeconds }),
  output: Outcome,
  run: async ({ deployment, waitSeconds: seconds }, asking) => awaited(asking, await asking.do("deployments.get", { deployment }), seconds),
});

export const cancel = tool({
  name: "cancel",
  title: "Cancel a deployment",
  description: "Stop a deployment that has not ended; what was live before stays.",
  kind: "changes",
  repeatable: true,
  input: byId,
  output: Outcome,
  run: async ({ deployment }, asking) => awaited(asking, await asking.do("deployments.cancel", { deployment }), 0),
  planned: (input) => ({ operation: "deployments.cancel", input }),
});
