// Signs of package managers, and of packages and commands that are not there.
import { again, type Diagnosis, type During, type Sign, type Surroundings } from "./sign.ts";

/** A package as registries name it. */
const npmName = "((?:@[\\w.-]{1,100}/)?[\\w.-]{1,100})";

const lockFile = (manager: string): { cause: string; actions: string[] } => {
  const [command, file] = locks[manager] ?? ["the install of your package manager", "the lock file"];
  return {
    cause: `${file === "the lock file" ? "The lock file" : file} does not fit what the project asks for.`,
    actions: [`Run ${command} on your machine, commit ${file}${again}`],
  };
};
const locks: Readonly<Record<string, readonly [string, string]>> = {
  npm: ["'npm install'", "package-lock.json"],
  pnpm: ["'pnpm install'", "pnpm-lock.yaml"],
  yarn: ["'yarn install'", "yarn.lock"],
  bun: ["'bun install'", "bun.lock"],
  uv: ["'uv lock'", "uv.lock"],
  poetry: ["'poetry lock'", "poetry.lock"],
  pipenv: ["'pipenv lock'", "Pipfile.lock"],
};

/** A folder that no workspace names is deployed alone. */
const nameBoth =
  "name both folders at the top of the repository, so that they are deployed with all of it: in workspaces of package.json, in packages of pnpm-workspace.yaml, or in members of [tool.uv.workspace] of pyproject.toml.";

const outOfDate: readonly (readonly [RegExp, string])[] = [
  // Of long lists of what is missing only the end is there.
  [/npm ci.{0,20}can only install packages when|npm error Missing: \S{1,200} from lock file/, "npm"],
  [/ERR_PNPM_OUTDATED_LOCKFILE|ERR_PNPM_LOCKFILE_CONFIG_MISMATCH/, "pnpm"],
  [/Your lockfile needs to be updated|The lockfile would have been modified by this install/, "yarn"],
  [/lockfile had changes, but lockfile is frozen/, "bun"],
  [/lockfile at .{0,80}needs to be updated|Unable to find lockfile at/, "uv"],
  [/pyproject\.toml changed significantly since poetry\.lock/, "poetry"],
  [/Your Pipfile\.lock \(\w+\) is out of date/, "pipenv"],
];

/**
 * The packages of well-known commands. Of others nothing is concluded: a package of the command's name may be anybody's, and whoever
 * follows a report would install it.
 */
const packageOf: ReadonlyMap<string, string> = new Map([
  ["tsc", "typescript"],
  ["ng", "@angular/cli"],
  ["vue-cli-service", "@vue/cli-service"],
  ["nest", "@nestjs/cli"],
  ["eleventy", "@11ty/eleventy"],
  ["cross-env", "cross-env"],
  ...["vite", "next", "nuxt", "astro", "webpack", "rollup", "esbuild", "parcel", "gatsby", "tsx", "ts-node", "nodemon", "prisma", "sass", "react-scripts"].map(
    (name): [string, string] => [name, name],
  ),
]);

/** A command that there is not: as a shell says it, or as a sandbox that could not start it. */
export const missingCommand = (name: string, during: During): Diagnosis & { actions: readonly string[] } => {
  const brought = packageOf.get(name);
  return {
    cause: `The command ${name} is not there.`,
    actions: [
      brought === undefined
        ? `Add the package that brings ${name} to the dependencies${again}`
        : `Run 'npm install --save-dev ${brought}', commit package.json and the lock file${again}`,
      `Correct the command in ${during === "run" ? "[run] command of slip.toml, the Procfile or the start script" : "[build] command of slip.toml or the script that calls it"}.`,
    ],
  };
};

const wholePackage = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

const missingModule = (specifier: string, { during }: Surroundings) => {
  if (specifier.startsWith("/app/"))
    return {
      cause: `There is no file ${specifier.slice(5)} in the ${during === "run" ? "artifact" : "source"}.`,
      actions: [
        `Correct the name ${specifier.slice(5)} in the start command ([run] command in slip.toml, the start script, or what imports it), or let the build make that file.`,
      ],
    };
  if (/^[./]/.test(specifier))
    return {
      cause: `The file ${specifier} that is imported is not there.`,
      actions: [`Correct the path ${specifier} (capital letters count), or add the file: look whether .gitignore or .slipignore leaves it out.`],
    };
  const name = wholePackage(specifier);
  return { cause: `The package ${name} is not installed.`, actions: [`Run 'npm install ${name}', commit package.json and the lock file${again}`] };
};

const builtin: Sign["read"] = ([first, second]) => ({
  cause: `This version of Node has no module ${first ?? second}.`,
  actions: [`Set "engines": { "node": ">=24" } in package.json, or use what this version has${again}`],
});

const distributions: Readonly<Record<string, string>> = {
  yaml: "PyYAML",
  PIL: "Pillow",
  cv2: "opencv-python-headless",
  dotenv: "python-dotenv",
  bs4: "beautifulsoup4",
  sklearn: "scikit-learn",
  dateutil: "python-dateutil",
  jwt: "PyJWT",
  MySQLdb: "mysqlclient",
  psycopg2: "psycopg2-binary",
  attr: "attrs",
  Crypto: "pycryptodome",
  jose: "python-jose",
  rest_framework: "djangorestframework",
  corsheaders: "django-cors-headers",
  environ: "django-environ",
  decouple: "python-decouple",
  google: "google-api-core",
  serial: "pyserial",
  git: "GitPython",
  markdown: "Markdown",
};

const missingPythonModule: Sign["read"] = ([found = ""]) => {
  const top = found.split(".")[0] ?? found;
  return {
    cause: `The module ${found} is not installed, and no file of the source.`,
    actions: [`Add a line ${distributions[top] ?? top} to requirements.txt (or to the dependencies in pyproject.toml)${again}`],
  };
};

const noScript: Sign["read"] = (groups) => {
  const script = groups.find((group) => group !== undefined);
  return {
    cause: `package.json has no script ${script}.`,
    actions: [`Add the script ${script} to "scripts" in package.json, or correct its name where it is called.`],
  };
};

export const packageSigns: readonly Sign[] = [
  ...outOfDate.map(([pattern, manager]): Sign => ({ during: ["install"], pattern, read: () => lockFile(manager) })),
  {
    during: ["install"],
    pattern: /npm error code ERESOLVE|npm error Fix the upstream dependency conflict|ERR_PNPM_PEER_DEP_ISSUES|ResolutionImpossible/,
    read: () => ({
      cause: "Packages ask for versions of each other that do not fit.",
      actions: [
        "Correct the versions that the last lines name.",
        'Set [build] install = "npm install --legacy-peer-deps" in slip.toml, where npm is to ignore it.',
      ],
    }),
  },
  {
    during: ["install"],
    // pip names each version that it left out; the last one is the newest.
    pattern: /require a different python version:[^\n]*Requires-Python ([^\n;]{1,60})\n[\s\S]*?No matching distribution found for ([\w.-]{1,100})/,
    read: ([python, name]) => ({
      cause: `The versions of ${name} that would do need another Python than this machine's release has: ${python}.`,
      actions: [
        `Ask for a version of ${name} that runs on the Python here${again}`,
        "Or have the platform on a machine whose release of Debian or Ubuntu brings that Python.",
      ],
    }),
  },
  {
    during: ["install"],
    pattern: new RegExp(
      `npm error code E404[\\s\\S]*?'${npmName}(?:@[^']{1,60})?'|ERR_PNPM_FETCH_404[\\s\\S]*?/${npmName}: Not Found|No matching distribution found for ([\\w.-]{1,100})`,
    ),
    read: ([npm, pnpm, pip]) => ({
      cause: `The registry has no ${npm ?? pnpm ?? pip}, or not to be seen without a token.`,
      actions: [
        `Correct the name or version of ${npm ?? pnpm ?? pip}${again}`,
        `Where ${npm ?? pnpm ?? pip} is a folder of the same repository, ${nameBoth}`,
        'For a private package store its token as a secret, and set [build] secrets = ["NPM_TOKEN"] in slip.toml.',
      ],
    }),
  },
  {
    during: ["install"],
    pattern: /cannot normalize a relative path beyond the base directory: \/app\/([\w./-]{1,200})/,
    read: ([path]) => ({
      cause: `The package asks for the folder ${path}, which is not part of what was deployed.`,
      actions: [`Make a workspace of the repository: ${nameBoth}`, "Deploy the top, with [build] install and [run] command in a slip.toml there."],
    }),
  },
  {
    during: ["install"],
    pattern: /npm error code EUNSUPPORTEDPROTOCOL\n[^\n]*"workspace:"/,
    read: () => ({
      cause: 'npm knows no "workspace:" in package.json: pnpm, yarn and bun do, and nothing says which of them installs here.',
      actions: [
        `Add the lock file of the one that you use to the source (look whether .gitignore leaves it out)${again}`,
        'Or name it in package.json at the top, for example "packageManager": "pnpm@10.12.1".',
        `Where what was deployed is one folder of a repository, ${nameBoth}`,
      ],
    }),
  },
  {
    during: ["install"],
    // As pnpm, bun, yarn and uv say it.
    pattern: new RegExp(
      `no package named "${npmName}" is present in the workspace|Workspace dependency "${npmName}" not found|: ${npmName}@workspace:[^:\\n]{0,60}: Workspace not found|\`${npmName}\` references a workspace in`,
    ),
    read: (groups) => ({
      cause: `No package of the workspace is called ${groups.find((group) => group !== undefined)}, or the workspace does not have the folder that was deployed.`,
      actions: [`Where there is such a package, ${nameBoth}`, "Correct its name among the dependencies, where there is none."],
    }),
  },
  {
    during: ["install"],
    pattern: /npm error code E40[13]\b|ERR_PNPM_FETCH_40[13]|401 Error, Credentials not correct/,
    read: (_, { app }) => ({
      cause: "The registry asks for a token.",
      actions: [`Run 'slip secrets set ${app} NPM_TOKEN --stage', set [build] secrets = ["NPM_TOKEN"] in slip.toml, and name \${NPM_TOKEN} in .npmrc.`],
    }),
  },
  {
    during: ["install"],
    pattern: /npm error code (?:ETARGET|ENOVERSIONS)[\s\S]*?No matching version found for ((?:@[\w.-]{1,100}\/)?[\w.-]{1,100}@[\w.^~<>=-]{0,40}\w)/,
    read: ([name]) => ({ cause: `The registry has no version ${name}.`, actions: [`Correct the version of ${name} in package.json${again}`] }),
  },
  {
    pattern:
      /npm error code EBADENGINE|ERR_PNPM_UNSUPPORTED_ENGINE|The engine "node" is incompatible with this module|requires a different Python:|requires Python '[^']{1,40}' but the running Python is/,
    read: () => ({
      cause: "A package does not run on this version of the language.",
      actions: ['Set "engines": { "node": "…" } in package.json (or requires-python in pyproject.toml) to the version that the last lines ask for.'],
    }),
  },
  {
    during: ["install", "build"],
    pattern: /npm error code EUNKNOWNCONFIG[\s\S]*?npm error\s+- (--[\w.-]{1,60})/,
    read: ([flag]) => ({
      cause: `A script gives npm the flag ${flag}, which npm 12 refuses and npm 11 ignored.`,
      actions: [
        `Write ' -- ${flag}' where the flag is for the script that npm runs, and leave it out elsewhere.`,
        'Where a package does so, set "engines": { "node": "24.x" } in package.json: with that Node comes npm 11.',
      ],
    }),
  },
  {
    pattern: /gyp ERR! (?:find Python|not found: make|stack Error: not found: make)/,
    read: () => ({
      cause: "A package has to be compiled, and the sandbox has no compiler.",
      actions: [
        "Use a version of the package that brings a prebuilt binary.",
        'Set "engines": { "node": "22.x" } in package.json: packages bring more prebuilt binaries for a version that has been out for long.',
      ],
    }),
  },
  {
    pattern: /\bError: pg_config executable not found\b/,
    read: () => ({
      cause: "The package psycopg2 is compiled, which needs PostgreSQL's own files.",
      actions: [`Ask for psycopg2-binary in place of psycopg2${again}`],
    }),
  },
  {
    pattern: /\bCan not find valid pkg-config name\b|\b(?:mysql_config|mariadb_config): not found/,
    read: () => ({
      cause: "A package is compiled against a library that the sandbox does not have.",
      actions: [`Ask for a package that brings its library as a wheel, such as PyMySQL in place of mysqlclient${again}`],
    }),
  },
  {
    pattern: /error: command '(?:gcc|cc|x86_64-linux-gnu-gcc)' failed|unable to execute 'gcc'/,
    read: () => ({
      cause: "A package has to be compiled, and the sandbox has no compiler.",
      actions: ["Use a version of the package that brings a prebuilt binary."],
    }),
  },
  { pattern: /Missing script: "([\w:.-]{1,80})"/, read: noScript },
  {
    pattern:
      /ERR_PNPM_NO_SCRIPT\S*\s+Missing script: ([\w:.-]{1,80})|error Command "([\w:.-]{1,80})" not found\.|error: Script not found "([\w:.-]{1,80})"|Couldn't find a script named "([\w:.-]{1,80})"/,
    read: noScript,
  },
  { pattern: /No such built-in module: (node:[\w/]{1,40})|Cannot find module '(node:[\w/]{1,40})'/, read: builtin },
  {
    pattern:
      /(?:Cannot find module|Cannot find package|Failed to resolve import|Could not resolve|Module not found: (?:Error: )?Can't resolve) ['"]([\w@./+-]{1,200})['"]/,
    read: ([specifier = ""], around) => missingModule(specifier, around),
  },
  {
    pattern: /ModuleNotFoundError: No module named '([\w.]{1,100})'|No module named ([\w.]{1,100})$/m,
    read: ([a, b], around) => missingPythonModule([a ?? b], around),
  },
  {
    pattern: /(?:sh|bash): (?:\d+: |line \d+: )?(?:exec: )?([\w@./-]{1,100}): (?:command )?not found/,
    read: ([name = ""], { during }) => missingCommand(name, during),
  },
];
