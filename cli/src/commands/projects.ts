import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";

const list = async (call: Invocation): Promise<ExitCode> => {
  const answer = await call.session.call("projects.list", {});
  call.screen.list(answer, {
    heading: ["project", "apps", "environments", "created"],
    rows: answer.projects.map(({ project, apps, environments, createdAt }) => [project, String(apps), environments.join(","), call.screen.time(createdAt)]),
    empty: "No projects.",
  });
  return 0;
};

const create = (call: Invocation): Promise<number> => change(call, "projects.create", { project: first(call) });

export const projects: Command = {
  name: "projects",
  summary: "List and make projects, which hold apps and which grants name.",
  examples: ["slip projects", "slip projects create shop"],
  run: list,
  commands: [
    { name: "list", summary: "List the projects.", examples: ["slip projects list"], run: list },
    {
      name: "create",
      summary: "Make a project.",
      arguments: [{ name: "NAME", summary: "name of the project" }],
      options: [planOption],
      examples: ["slip projects create shop"],
      run: create,
    },
  ],
};
