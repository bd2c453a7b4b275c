// Reads a next action as a program would: the command or the setting that it names.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The words after `slip` of the command in an action. */
export const commandIn = (action: string): string[] => {
  const [, words] = /'slip ([^']+)'/.exec(action) ?? [];
  if (words === undefined) throw new Error(`There is no command in: ${action}`);
  return words.split(" ");
};

/** `[table] key = value` of an action. */
const settingIn = (action: string): { table: string; key: string; value: string } => {
  const [, table, key, value] = /\[([\w.]+)\] (\w+) = ("[^"]*"|\d+) in slip\.toml/.exec(action) ?? [];
  if (table === undefined || key === undefined || value === undefined) throw new Error(`There is no setting in: ${action}`);
  return { table, key, value };
};

/** Pure: the text of a slip.toml with a setting in place of the one it had, if any. */
const withSetting = (text: string, { table, key, value }: ReturnType<typeof settingIn>): string => {
  const line = `${key} = ${value}`;
  const sections = text.split(/^(?=\[)/m);
  const at = sections.findIndex((section) => section.startsWith(`[${table}]`));
  const section = sections[at];
  if (section === undefined) return `${text}${text === "" ? "" : "\n"}[${table}]\n${line}\n`;
  const own = new RegExp(`^${key} = .*$`, "m");
  sections[at] = own.test(section) ? section.replace(own, line) : section.replace("\n", `\n${line}\n`);
  return sections.join("");
};

export const applySetting = (source: string, action: string): void => {
  const path = join(source, "slip.toml");
  writeFileSync(path, withSetting(existsSync(path) ? readFileSync(path, "utf8") : "", settingIn(action)));
};
