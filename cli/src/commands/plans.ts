import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { showPlan } from "../plan/show.ts";
import { pageOf, pageOptions } from "./options.ts";

const list = async (call: Invocation): Promise<ExitCode> => {
  const { session, screen, options } = call;
  const app = first(call);
  const answer = await session.call("plans.list", { ...(app && { app }), ...pageOf(options) });
  screen.list(answer, {
    heading: ["plan", "operation", "app", "state", "changes", "created"],
    rows: answer.plans.map(({ plan, operation, app: of = "–", state, changes, createdAt }) => [
      plan,
      operation,
      of,
      state,
      String(changes.length),
      screen.time(createdAt),
    ]),
    empty: "Nothing is planned.",
  });
  return 0;
};

const show = async (call: Invocation): Promise<ExitCode> => showPlan(call, await call.session.call("plans.get", { plan: first(call) }));

export const plans: Command = {
  name: "plans",
  summary: "List and show what was planned.",
  notes: "Commands that change something make a plan with --plan; 'slip apply' applies it.",
  examples: ["slip plans list", "slip plans show pln_01j9x2m4c8q6w3t5y7z9b1d3f5"],
  commands: [
    {
      name: "list",
      summary: "List the plans, newest first.",
      arguments: [{ name: "APP", summary: "plans of this app alone", optional: true }],
      options: pageOptions,
      examples: ["slip plans list", "slip plans list shop --json"],
      run: list,
    },
    {
      name: "show",
      summary: "Show a plan as it was made.",
      arguments: [{ name: "PLAN", summary: "id of the plan" }],
      examples: ["slip plans show pln_01j9x2m4c8q6w3t5y7z9b1d3f5"],
      run: show,
    },
  ],
};
