// What only a client on this machine can do: deploy a folder. The folder is sent as every folder is, and its digest takes its place in the call.
import { resolve } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Environment } from "../environment.ts";
import type { Session } from "../platform/session.ts";
import { cleanCommit } from "../source/git.ts";
import { leadsOut } from "../source/links.ts";
import { readTree, type Tree, TreeChanged } from "../source/manifest.ts";
import { nameOf } from "../source/origin.ts";
import { uploadTree } from "../source/upload.ts";
import { type SourceFolder, sourceFolder } from "../source/workspace.ts";
import { fieldOf, type Json, type Request } from "./message.ts";

export interface Folders {
  environment: Environment;
  session: Session;
  /** Folders of which an agent may deploy what lies below them. */
  allowed: readonly string[];
}

const tool = "deploy";
const sourceKey = "slipstream/source";

const property = (allowed: readonly string[]): Json => ({
  type: "string",
  description: `a folder of this machine, below ${allowed.join(" or ")}; what .gitignore and .slipignore name is not sent`,
});

/** The answer to `tools/list`, with the folder as one more way to say what to deploy. */
export const withFolder = (allowed: readonly string[], request: Request, answer: Json): Json => {
  const tools = fieldOf(answer, "result", "tools");
  if (request.method !== "tools/list" || !Array.isArray(tools) || allowed.length === 0) return answer;
  const extended = tools.map((each: Json) => {
    if (each.name !== tool) return each;
    const schema = each.inputSchema as Json;
    return { ...each, inputSchema: { ...schema, properties: { folder: property(allowed), ...(schema.properties as Json) } } };
  });
  return { ...answer, result: { ...(answer.result as Json), tools: extended } };
};

const allowedFolder = (folder: string, allowed: readonly string[]): string => {
  const path = resolve(allowed[0] ?? "/", folder);
  if (!allowed.some((root) => !leadsOut(root, path)))
    throw new SlipError("forbidden", `The folder ${path} is not one that may be deployed from here.`, {
      next: allowed.length === 0 ? "Start it as 'slip mcp FOLDER'." : `Choose one below ${allowed.join(" or ")}, or start it as 'slip mcp ${path}'.`,
    });
  return path;
};

/** The folder, or the workspace that it is a package of, where that may be deployed from here too. */
const sourceWithin = (path: string, allowed: readonly string[]): SourceFolder => {
  const source = sourceFolder(path);
  return allowed.some((root) => !leadsOut(root, source.folder)) ? source : { folder: path };
};

const send = async ({ session, environment }: Folders, path: string, signal: AbortSignal): Promise<{ tree: Tree; digest: string }> => {
  const tree = await readTree(path, environment.cacheFolder);
  try {
    return { tree, digest: (await uploadTree(session, tree, signal)).source };
  } catch (error) {
    if (!(error instanceof TreeChanged)) throw error;
    const again = await readTree(path, undefined);
    return { tree: again, digest: (await uploadTree(session, again, signal)).source };
  }
};

const stands = (error: unknown): never => {
  throw error instanceof TreeChanged ? new SlipError("source_unsafe", error.message, { next: "Deploy again when the folder stands still." }) : error;
};

/** The input of a `deploy` that is called or planned, and the arguments of the call with another input in its place. */
const deployOf = (request: Request): { input: Json; withInput(input: Json): Json } | undefined => {
  const [name, given] = [fieldOf(request, "params", "name"), fieldOf(request, "params", "arguments")];
  if (request.method !== "tools/call") return undefined;
  if (name === tool) return { input: given as Json, withInput: (input) => input };
  const isPlanned = name === "plan" && fieldOf(given, "tool") === tool;
  return isPlanned ? { input: fieldOf(given, "input") as Json, withInput: (input) => ({ ...(given as Json), input }) } : undefined;
};

/** A call of `deploy` with a folder, or of `plan` for one, with the folder's source in its place. Throws what makes the folder no source. */
export const withSource = async (folders: Folders, request: Request, signal: AbortSignal): Promise<Request> => {
  const deploy = deployOf(request);
  const folder = fieldOf(deploy?.input, "folder");
  if (!deploy || typeof folder !== "string") return request;
  const path = allowedFolder(folder, folders.allowed);
  const { folder: source, ...which } = sourceWithin(path, folders.allowed);
  const [commit, { tree, digest }] = await Promise.all([cleanCommit(folders.environment, source), send(folders, source, signal).catch(stands)]);
  const { folder: _, ...rest } = deploy.input;
  const about = { suggestedName: nameOf(which.package ?? tree.root).slice(0, 1_024), ...which, ...(commit === undefined ? {} : { commit }) };
  const meta = { ...(fieldOf(request, "params", "_meta") as Json | undefined), [sourceKey]: about };
  return { ...request, params: { ...request.params, arguments: deploy.withInput({ ...rest, tree: digest }), _meta: meta } };
};
