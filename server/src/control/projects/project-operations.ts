import { SlipError } from "@slipstream/contract/errors.ts";
import type { Handlers } from "../api/call.ts";
import { firstEnvironment } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import { insertProject, type ProjectRow, projectsOf } from "./project-store.ts";

const toProject = ({ name, environments, apps, createdAt }: ProjectRow) => ({ project: name, environments, apps, createdAt: createdAt.toISOString() });

export const projectOperations = ({ database }: Control): Pick<Handlers, "projects.list" | "projects.create"> => ({
  async "projects.list"(_, { tenant, token }) {
    return { projects: (await projectsOf(database, tenant, token.grant)).map(toProject) };
  },

  async "projects.create"({ project }, call) {
    const { tenant } = call;
    return database.begin(async (query) => {
      if (!(await insertProject(query, { tenant, name: project, environment: firstEnvironment })))
        throw new SlipError("conflict", `There is a project ${project} already.`, { next: "List them with 'slip projects'." });
      await journal(query, call, { operation: "projects.create", input: { project } });
      const made = (await projectsOf(query, tenant)).find(({ name }) => name === project);
      if (!made) throw new Error(`The project ${project} is not there.`);
      return toProject(made);
    });
  },
});
