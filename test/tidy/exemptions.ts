// Where a rule would make a place worse. An entry that is no longer needed fails the test.

export interface Exemption {
  rule: string;
  path: string;
  why: string;
}

export const exemptions: readonly Exemption[] = [
  {
    rule: "import directions",
    path: "bench/log-lines.ts",
    why: "It measures the store of lines alone: 25 apps at the limit of their lines would measure what makes them.",
  },
  {
    rule: "import directions",
    path: "bench/log-lines-apart.ts",
    why: "It is the process that writes to the store of lines, or reads it, whose processor time is measured, and which is killed.",
  },
  {
    rule: "import directions",
    path: "bench/route-changes.ts",
    why: "It measures how control brings routes to edges among a million host names, without a host that would run as many apps.",
  },
  {
    rule: "the environment is read in one place",
    path: "server/src/build/functions/bundle.ts",
    why: "It names what bundled code may ask for, and reads nothing.",
  },
  {
    rule: "the environment is read in one place",
    path: "server/src/build/static-server/main.ts",
    why: "It is a program of the app layer: it runs in the sandbox, where the environment is how it is told its port.",
  },
  {
    rule: "the environment is read in one place",
    path: "server/src/main/up.ts",
    why: "It starts itself again in the background and hands on what it was given, unread.",
  },
  {
    rule: "the environment is read in one place",
    path: "server/src/runtime/spares/node/wait.ts",
    why: "It runs in the sandbox, and becomes the program of an app: what it is told becomes that one's environment.",
  },
  {
    rule: "the environment is read in one place",
    path: "server/src/runtime/testing/counting-program.ts",
    why: "It is a program that a test runs in a sandbox: its environment is how it is told its port, and how ill it is.",
  },
  {
    rule: "the environment is read in one place",
    path: "server/src/runtime/testing/scheduled-program.ts",
    why: "It is a program that a test runs in a sandbox: its environment is how it is told its port.",
  },
  {
    rule: "the environment is read in one place",
    path: "server/src/runtime/testing/spare-programs.ts",
    why: "They are programs that a test runs in a sandbox: what they see of their environment is what it is about.",
  },
  {
    rule: "the environment is read in one place",
    path: "server/src/runtime/testing/trial-program.ts",
    why: "It is a program that tests run in a sandbox: its environment is what it is asked about.",
  },
];
