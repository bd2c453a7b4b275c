// The generated pages of docs/reference, by file name.
import { errorsPage, eventsPage, limitsPage, operationsPage } from "@slipstream/contract/reference.ts";
import { allCommands } from "./commands.ts";
import { cliPage } from "./reference.ts";

export const referencePages = async (): Promise<Readonly<Record<string, string>>> => ({
  "cli.md": cliPage(await allCommands()),
  "operations.md": operationsPage(),
  "errors.md": errorsPage(),
  "events.md": eventsPage(),
  "limits.md": limitsPage(),
});
