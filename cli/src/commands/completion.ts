import { SlipError } from "@slipstream/contract/errors.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";

const run = async (call: Invocation): Promise<ExitCode> => {
  const { completionScript, shells } = await import("../completion.ts");
  const shell = first(call);
  if (shell !== "bash" && shell !== "zsh" && shell !== "fish")
    throw new SlipError("usage", `There is no completion for "${shell.slice(0, 40)}".`, { next: `Name one of ${Object.keys(shells).join(", ")}.` });
  const script = completionScript(shell, await call.commands());
  if (call.screen.json) call.screen.data({ shell, script });
  else call.screen.print(script.trimEnd());
  return 0;
};

export const completion: Command = {
  name: "completion",
  summary: "Print the completion script of a shell.",
  arguments: [{ name: "SHELL", summary: "bash, zsh or fish" }],
  examples: ["source <(slip completion bash)", "slip completion fish | source"],
  run,
};
