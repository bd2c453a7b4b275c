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
    pattern: /^(?:Uncaught )?((?:Syntax|Indentation|Tab)Error)\b/m,
    read: ([kind]) => ({ cause: `The program cannot be read: ${kind}.`, actions: ["Correct the line that the report names, and deploy again."] }),
  },
  {
    during: ["build", "install"],
    pattern: /\berror (TS\d{3,6}):/,
    read: ([code]) => ({ cause: `The compiler refuses the source (${code}).`, actions: ["Correct the line that the report names, and deploy again."] }),
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
