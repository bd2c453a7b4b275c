// Signs of errors in the program's own text.
import type { Sign } from "./sign.ts";

export const programSigns: readonly Sign[] = [
  {
    pattern: /^SyntaxError: Cannot use import statement outside a module/m,
    read: () => ({
      cause: "The file uses import, and Node reads it as CommonJS.",
      actions: ['Set "type": "module" in package.json, or name the file .mjs.'],
    }),
  },
  {
    pattern: /^ReferenceError: (require|module|exports|__dirname|__filename) is not defined in ES module scope/m,
    read: ([name]) => ({
      cause: `The file uses ${name}, and Node reads it as an ES module.`,
      actions: ['Remove "type": "module" from package.json, name the file .cjs, or use import.'],
    }),
  },
  {
    pattern: /Failed to find attribute '(\w{1,60})' in '([\w.]{1,100})'|Attribute "(\w{1,60})" not found in module "([\w.]{1,100})"/,
    read: ([a, module, b, other]) => ({
      cause: `The module ${module ?? other} has no app named ${a ?? b}.`,
      actions: ["Name the app as MODULE:NAME in the start command: a Procfile with 'web:', or [run] command in slip.toml."],
    }),
  },
  {
    pattern: /Could not import module "([\w.]{1,100})"/,
    read: ([module]) => ({
      cause: `The module ${module} could not be imported.`,
      actions: ["Name the app as MODULE:NAME in the start command: a Procfile with 'web:', or [run] command in slip.toml."],
    }),
  },
  {
    pattern: /Could not find a production build in the '([\w./-]{1,100})' directory/,
    read: ([folder]) => ({
      cause: `The app was not built: there is no ${folder}.`,
      actions: ['Add the script "build": "next build" to package.json, then deploy again.'],
    }),
  },
  {
    pattern: /@prisma\/client did not initialize yet/,
    read: () => ({
      cause: "The client of Prisma was not generated.",
      actions: ['Add the script "postinstall": "prisma generate" to package.json, then deploy again.'],
    }),
  },
  {
    pattern: /invalid ELF header|was compiled against a different Node\.js version|Exec format error/,
    read: () => ({
      cause: "A compiled package is one of another machine.",
      actions: ["Leave node_modules (or .venv) out of the source, by .gitignore or .slipignore: the build installs what fits."],
    }),
  },
  {
    pattern: /(?:error while loading shared libraries: |ImportError: |Error: )(lib[\w.+-]{1,80}\.so[\w.]{0,20}): cannot open shared object file/,
    read: ([library]) => ({
      cause: `The library ${library} of the system is not in the sandbox.`,
      actions: ["Use a package that brings its libraries (such as opencv-python-headless in place of opencv-python)."],
    }),
  },
  {
    pattern: /^\S*node: bad option: (--[\w-]{1,60})/m,
    read: ([option]) => ({
      cause: `Node does not know the option ${option}.`,
      actions: [`Remove ${option} from the start command or NODE_OPTIONS, then deploy again.`],
    }),
  },
  {
    pattern: /^(?:Uncaught )?((?:Syntax|Indentation|Tab)Error)\b/m,
    read: ([kind]) => ({ cause: `The program cannot be read: ${kind}.`, actions: ["Correct the line that the report names, and deploy again."] }),
  },
  {
    during: ["build", "install"],
    pattern: /\berror (TS\d{3,6}):/,
    read: ([code]) => ({ cause: `The compiler refuses the source (${code}).`, actions: ["Correct the line that the report names, and deploy again."] }),
  },
  {
    during: ["run"],
    pattern: /^service function: Uncaught Error: No such module "(node:[\w/]{1,60})"/m,
    read: ([module]) => ({
      cause: `workerd has no ${module} at the function's compatibility_date.`,
      actions: ['Set [function] compatibility_date in slip.toml to a later day, such as "2026-11-01".'],
    }),
  },
  {
    during: ["run"],
    pattern: /^service function: Uncaught (\w{0,40}Error)\b/m,
    read: ([kind]) => ({ cause: `The function cannot be loaded: ${kind}.`, actions: ["Correct what the report's lines say, and deploy again."] }),
  },
  {
    during: ["run"],
    pattern: /^service function: No such compatibility flag: (\w{1,100})/m,
    read: ([flag]) => ({ cause: `workerd knows no flag ${flag}.`, actions: [`Remove ${flag} from compatibility_flags, then deploy again.`] }),
  },
  // Last: any error that nobody caught.
  {
    during: ["run"],
    inDump: true,
    pattern: /^(?:Uncaught )?(?:[\w.]{1,60}\.)?((?:[A-Z]\w{0,40})?(?:Error|Exception))\b(?:: | \[|$)/m,
    read: ([kind]) => ({
      cause: `An error that nothing caught ended the program: ${kind}.`,
      actions: ["Correct what the last lines tell of, and deploy again."],
    }),
  },
];
