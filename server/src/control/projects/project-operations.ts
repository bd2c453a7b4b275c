import { SlipError } from "@slipstream/contract/errors.ts";
import type { Handlers } from "../api/call.ts";
import { firstEnvironment } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";
import { insertProject, type ProjectRow, projectsOf } from "./project-store.ts";

const toProject = ({ name, environments, apps, createdAt }: ProjectRow) => ({ project: name, environments, apps, createdAt: createdAt.toISOString() });

export const isThereAlready = (project: string): SlipError =>
  new SlipError("conflict", `There is a project ${project} already.`, { next: "List them with 'slip projects'." });

/** What plans remember of a project: whether there is one of that name. */
export const stateOfProject = (row: ProjectRow | undefined): Fingerprint => (row === undefined ? {} : { [`project ${row.name}`]: row.createdAt.toISOString() });

export const projectOperations = ({ database }: Control): Pick<Handlers, "projects.list" | "projects.create"> => ({
  async "projects.list"(_, { tenant, token }) {
    return { projects: (await projectsOf(database, tenant, token.grant)).map(toProject) };
  },

  async "projects.create"({ project }, call) {
    const { tenant } = call;
    return database.begin(async (query) => {
      const find = async () => (await projectsOf(query, tenant)).find(({ name }) => name === project);
      // One that is made at the same moment is seen by the insertion.
      await call.expects?.check(query, { state: async () => stateOfProject(await find()) });
      if (!(await insertProject(query, { tenant, name: project, environment: firstEnvironment }))) throw isThereAlready(project);
      await journal(query, call, { operation: "projects.create", input: { project } });
      const made = await find();
      if (!made) throw new Error(`The project ${project} is not there.`);
      return toProject(made);
    });
  },
});
