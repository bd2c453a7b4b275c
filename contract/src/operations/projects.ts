import { z } from "zod";
import { ProjectName } from "../access.ts";
import { Timestamp } from "../words.ts";
import { operation } from "./operation.ts";

const Project = z.object({ project: ProjectName, environments: z.array(z.string()), apps: z.int(), createdAt: Timestamp });

export const projects = {
  "projects.list": operation({
    name: "projects.list",
    summary: "List the projects; each holds apps, and grants name them.",
    method: "GET",
    path: "/v1/projects",
    input: z.object({}),
    output: z.object({ projects: z.array(Project) }),
    permission: "read",
    effect: "read",
    errors: [],
  }),
  "projects.create": operation({
    name: "projects.create",
    summary: "Make a project, with a production environment.",
    method: "POST",
    path: "/v1/projects",
    input: z.object({ project: ProjectName }),
    output: Project,
    permission: "configure",
    effect: "write",
    errors: ["conflict"],
  }),
};
