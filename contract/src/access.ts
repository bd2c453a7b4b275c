// Who may do what: verbs, the roles of people, and the grants of tokens.
import { z } from "zod";
import { AppName, Timestamp } from "./words.ts";

/** `administer` is people, tokens, grants and approvals, and the keys and the audit of the installation. */
export const Verb = z.enum(["read", "deploy", "configure", "destroy", "administer"]);
export type Verb = z.infer<typeof Verb>;

export const Role = z.enum(["owner", "developer", "viewer"]);
export type Role = z.infer<typeof Role>;

const verbsOfRoles: Readonly<Record<Role, readonly Verb[]>> = {
  owner: Verb.options,
  developer: ["read", "deploy", "configure", "destroy"],
  viewer: ["read"],
};
export const verbsOf = (role: Role): readonly Verb[] => verbsOfRoles[role];

/**
 * What an operation asks of its caller: a verb; `any` = any token; `join` = an invitation, which may do nothing else; `anybody` = either of them,
 * where what is planned asks for its own.
 */
export type Permission = Verb | "any" | "join" | "anybody";

export const ProjectName = AppName;

/**
 * What a token may do of what its giver may. A field that is absent narrows nothing; an empty list allows nothing. Fields that are not
 * known are refused, so that a misspelt bound is never no bound.
 */
export const Grant = z.strictObject({
  verbs: z.array(Verb).max(Verb.options.length).describe("What it may do; an empty list is nothing."),
  projects: z.array(ProjectName).max(100).optional().describe("Projects that it covers; absent: all."),
  environments: z.array(AppName).max(100).optional().describe("Environments that it covers; absent: all."),
  namePrefix: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,38}$/, "1–39 characters: a–z, 0–9 and '-', starting with a letter")
    .optional()
    .describe("Apps that it covers have names that begin so; absent: any name."),
  limits: z
    .strictObject({
      apps: z.int().min(0).optional().describe("How many apps there may be of those that it covers."),
      memoryBytes: z.int().min(0).optional().describe("Memory of one instance."),
      instances: z.int().min(0).optional().describe("Instances of one app."),
    })
    .optional(),
  budget: z
    .strictObject({
      builds: z.int().min(0).optional().describe("How many deployments it may begin that bring a source."),
      cpuMinutes: z.number().min(0).optional().describe("CPU time, in minutes, of the builds, instances and commands of what it asks for."),
    })
    .optional(),
  expiresAt: Timestamp.optional().describe("When it ends; absent: never by itself."),
});
export type Grant = z.infer<typeof Grant>;

/** One thing of a call that the grant of its token does not allow. An approval lifts what it names, that far, and nothing else. */
export const Beyond = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("verb"), verb: Verb }),
    z.object({ kind: z.literal("tenant") }),
    z.object({ kind: z.literal("app"), app: z.string() }),
    z.object({ kind: z.literal("apps"), apps: z.int().describe("How many there are."), allowed: z.int() }),
    z.object({ kind: z.literal("instances"), instances: z.int(), allowed: z.int() }),
    z.object({ kind: z.literal("memory"), memoryBytes: z.int().describe("Of one instance."), allowedBytes: z.int() }),
    z.object({ kind: z.literal("builds"), allowed: z.int() }),
    z.object({ kind: z.literal("cpu"), allowedMinutes: z.number() }),
  ])
  .describe("What the grant does not allow: a verb, an app that it does not cover, what is about the whole tenant, or more than a limit or a budget.");
export type Beyond = z.infer<typeof Beyond>;
