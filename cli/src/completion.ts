// Completion scripts, made from the commands. Pure.
import type { Command, Option } from "./command.ts";

interface Words {
  /** Words of the command, "secrets set". */
  path: string;
  summary: string;
  /** What can follow: inner commands and flags. */
  next: { word: string; summary: string }[];
  /** Prints the values that its first argument can have. */
  values: string | undefined;
  takesFolder: boolean;
}

const longFlag = ({ flags }: Option): string => /--[a-z-]+/.exec(flags)?.[0] ?? flags;

/** App names and ids of journal entries, when the platform runs: first columns in a pipe. */
const valuesOf = ({ name, arguments: given }: Command): string | undefined => {
  if (given?.[0]?.name === "ENTRY") return "slip journal 2>/dev/null | cut -f1";
  if (given?.[0]?.name !== "APP") return undefined;
  return name === "restore" ? "slip apps --destroyed 2>/dev/null | grep -w destroyed | cut -f1" : "slip apps 2>/dev/null | cut -f1";
};

/** Every command and inner command with what can follow it. */
export const wordsOf = (commands: readonly Command[], prefix = ""): Words[] =>
  commands.flatMap((command) => {
    const path = `${prefix}${command.name}`;
    const flags = (command.options ?? []).map((option) => ({ word: longFlag(option), summary: option.summary }));
    const common = [...(command.run ? [{ word: "--json", summary: "print JSON" }] : []), { word: "--help", summary: "show help" }];
    const inner = (command.commands ?? []).map(({ name, summary }) => ({ word: name, summary }));
    const own: Words = {
      path,
      summary: command.summary,
      next: [...inner, ...flags, ...common],
      values: valuesOf(command),
      takesFolder: command.arguments?.[0]?.name === "SOURCE",
    };
    return [own, ...wordsOf(command.commands ?? [], `${path} `)];
  });

const bashCase = ({ path, next, values, takesFolder }: Words): string => {
  const words = next.map(({ word }) => word).join(" ");
  const more = values ? ` $(${values})` : "";
  const folders = takesFolder ? ' $(compgen -d -- "$word")' : "";
  return `    "${path}") COMPREPLY=($(compgen -W "${words}${more}${folders}" -- "$word")) ;;`;
};

const bash = (all: readonly Words[]): string => {
  const top = all.filter(({ path }) => !path.includes(" ")).map(({ path }) => path);
  const nested = all.filter(({ path }) => path.includes(" ")).map(({ path }) => `"${path}"`);
  return `# bash completion of slip: source <(slip completion bash)
_slip() {
  local word="\${COMP_WORDS[COMP_CWORD]}" path="\${COMP_WORDS[1]}"
  if [ "$COMP_CWORD" -le 1 ]; then
    COMPREPLY=($(compgen -W "${top.join(" ")} help --help --version" -- "$word"))
    return
  fi
  if [ "$COMP_CWORD" -gt 2 ]; then
    case "$path \${COMP_WORDS[2]}" in
      ${nested.join("|")}) path="$path \${COMP_WORDS[2]}" ;;
    esac
  fi
  case "$path" in
${all.map(bashCase).join("\n")}
  esac
}
complete -F _slip slip
`;
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const zshWords = (words: readonly { word: string; summary: string }[]): string =>
  words.map(({ word, summary }) => quoted(`${word.replaceAll(":", "\\:")}:${summary}`)).join(" ");

const zshCase = ({ path, next, values, takesFolder }: Words): string =>
  `    ${quoted(path)}) values=(${zshWords(next)})${values ? `; values+=("\${(@f)$(${values})}")` : ""}${takesFolder ? "; _files -/" : ""} ;;`;

const zsh = (all: readonly Words[]): string => {
  const top = all.filter(({ path }) => !path.includes(" ")).map(({ path, summary }) => ({ word: path, summary }));
  const nested = all.filter(({ path }) => path.includes(" ")).map(({ path }) => quoted(path));
  return `#compdef slip
# zsh completion of slip: source <(slip completion zsh)
_slip() {
  local -a values
  local path_words="\${words[2]}"
  if (( CURRENT <= 2 )); then
    values=(${zshWords(top)})
    _describe command values
    return
  fi
  if (( CURRENT > 3 )); then
    case "\${words[2]} \${words[3]}" in
      ${nested.join("|")}) path_words="\${words[2]} \${words[3]}" ;;
    esac
  fi
  case "$path_words" in
${all.map(zshCase).join("\n")}
  esac
  _describe word values
}
compdef _slip slip
`;
};

const fishLines = ({ path, next, values, takesFolder }: Words): string[] => {
  const seen = path
    .split(" ")
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join("; and ");
  const line = (word: string, summary: string): string =>
    word.startsWith("--")
      ? `complete -c slip -n ${quoted(seen)} -l ${word.slice(2)} -d ${quoted(summary)}`
      : `complete -c slip -n ${quoted(seen)} -a ${word} -d ${quoted(summary)}`;
  return [
    ...next.map(({ word, summary }) => line(word, summary)),
    ...(values ? [`complete -c slip -n ${quoted(seen)} -a '(${values})'`] : []),
    ...(takesFolder ? [`complete -c slip -n ${quoted(seen)} -F`] : []),
  ];
};

const fish = (all: readonly Words[]): string => {
  const top = all.filter(({ path }) => !path.includes(" "));
  return [
    "# fish completion of slip: slip completion fish | source",
    "complete -c slip -f",
    ...top.map(({ path, summary }) => `complete -c slip -n __fish_use_subcommand -a ${path} -d ${quoted(summary)}`),
    ...all.flatMap(fishLines),
    "",
  ].join("\n");
};

export const shells = { bash, zsh, fish } as const;
export type Shell = keyof typeof shells;

export const completionScript = (shell: Shell, commands: readonly Command[]): string => shells[shell](wordsOf(commands));
