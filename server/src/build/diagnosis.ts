// What the last lines of a failed build say: a likely cause, what to do, and the place in the source that they name.

export interface Diagnosis {
  cause?: string;
  next?: string;
  file?: string;
  line?: number;
}

interface Symptom {
  pattern: RegExp;
  cause: (match: RegExpExecArray) => string;
  next: string;
}

const symptoms: readonly Symptom[] = [
  {
    pattern:
      /npm ci.*can only install packages when|ERR_PNPM_OUTDATED_LOCKFILE|lockfile needs to be updated|lockfile had changes, but lockfile is frozen|lockfile would have been modified/,
    cause: () => "The lock file does not fit package.json.",
    next: "Run the install on your machine, commit the lock file, and deploy again.",
  },
  {
    pattern: /code ERESOLVE|ERR_PNPM_PEER_DEP_ISSUES/,
    cause: () => "Packages ask for versions of each other that do not fit.",
    next: "Correct the versions in package.json, or set [build] install to your own install command.",
  },
  {
    pattern: /code E404[\s\S]*?'([^']+)'|No matching distribution found for (\S+)/,
    cause: ([, npm, pip]) => `The registry has no ${npm ?? pip ?? "such package"}.`,
    next: "Correct the name or version; for a private package give its token as a build secret.",
  },
  {
    pattern: /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)|Temporary failure in name resolution/,
    cause: ([, host]) => `The name ${host ?? "of a registry"} could not be resolved.`,
    next: "Check that the address exists and can be reached from this machine, and deploy again.",
  },
  {
    pattern: /JavaScript heap out of memory/,
    cause: () => "Node's heap was full.",
    next: "Raise [build] memory, or set NODE_OPTIONS=--max-old-space-size in [build.env].",
  },
  {
    pattern:
      /gyp ERR! (?:find Python|not found: make|stack Error: not found: make)|error: command '(?:gcc|cc|x86_64-linux-gnu-gcc)' failed|unable to execute 'gcc'/,
    cause: () => "A package has to be compiled, and the sandbox has no compiler.",
    next: "Use a version of the package that brings a prebuilt binary.",
  },
  {
    pattern:
      /(?:Cannot find module|Cannot find package|Failed to resolve import|Could not resolve|Module not found: (?:Error: )?Can't resolve) ['"]([^'"]+)['"]/,
    cause: ([, name]) => `${name} was not found.`,
    next: "Add the package to the dependencies, or correct the path.",
  },
  {
    pattern: /No module named '?([\w.]+)'?/,
    cause: ([, name]) => `The module ${name} was not found.`,
    next: "Add the package to the requirements, or correct the name.",
  },
  {
    pattern: /(?:sh|\/bin\/sh|bash): (?:\d+: |line \d+: )?(\S+): (?:command )?not found/,
    cause: ([, name]) => `The command ${name} was not found.`,
    next: "Add the package that brings it to the dependencies.",
  },
  { pattern: /No space left on device|ENOSPC/, cause: () => "The disk is full.", next: "Free space under SLIP_HOME, then deploy again." },
];

const places: readonly RegExp[] = [
  /(?:Could not resolve|Failed to resolve import) "[^"]+" (?:from|in) "([^"]+)"()/,
  /File "(?:\/app\/)?([^"<>]+\.py)", line (\d+)/,
  /(?:^|[\s("'])(?:file:\/\/)?(?:\/app\/)?((?!\/)[\w@./[\]-]+\.(?:[cm]?[jt]sx?|vue|svelte|astro|css|scss|html|mdx?|json))[:(](\d+)(?:[:,]\d+)?\)?/,
];

const placeIn = (lines: readonly string[]): Pick<Diagnosis, "file" | "line"> => {
  for (const line of lines)
    for (const pattern of places) {
      const [, file, number] = pattern.exec(line) ?? [];
      if (
        file !== undefined &&
        !file.includes("node_modules/") &&
        !file.includes("site-packages/") &&
        !file.startsWith("..") &&
        (number === "" || Number(number) > 0)
      )
        return { file: file.replace(/^\.\//, ""), ...(number === "" ? {} : { line: Number(number) }) };
    }
  return {};
};

/** Lines are data from a stranger: only fixed patterns are looked for, and nothing of them is obeyed. */
export const diagnose = (lines: readonly string[]): Diagnosis => {
  const text = lines.join("\n");
  for (const { pattern, cause, next } of symptoms) {
    const match = pattern.exec(text);
    if (match) return { cause: cause(match), next, ...placeIn(lines) };
  }
  return placeIn(lines);
};
