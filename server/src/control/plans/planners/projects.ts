// What a new project would be.
import { firstEnvironment } from "../../apps/app-store.ts";
import { isThereAlready, stateOfProject } from "../../projects/project-operations.ts";
import { type ProjectRow, projectsOf } from "../../projects/project-store.ts";
import { change } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { planner } from "../planner.ts";

interface NewRows {
  fingerprint: Fingerprint;
  taken: ProjectRow | undefined;
}

const create = planner<"projects.create", NewRows>({
  read: ({ snapshot, call }, { project }) =>
    snapshot(async (query) => {
      const taken = (await projectsOf(query, call.tenant)).find(({ name }) => name === project);
      return { taken, fingerprint: stateOfProject(taken) };
    }),
  plan({ project }, { taken }) {
    if (taken !== undefined) throw isThereAlready(project);
    return {
      changes: [...change("project", undefined, project), ...change(`environment ${firstEnvironment}`, undefined, project)],
      interrupts: [],
      quota: [],
    };
  },
  async again({ perform, call }, { project }) {
    const { projects } = await perform(call, "projects.list", {});
    const made = projects.find((it) => it.project === project);
    if (made === undefined) throw new Error(`The project ${project} is not there.`);
    return made;
  },
});

export const projectPlanners = { "projects.create": create };
