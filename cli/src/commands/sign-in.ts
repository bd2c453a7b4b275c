import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { change, changeWithSecret, planOption } from "../plan/change.ts";
import { askHidden, readInput } from "../terminal/prompt.ts";
import { textOf } from "./options.ts";

const makeCode = (call: Invocation): Promise<number> => changeWithSecret(call, "sessions.code", {});

const readSecret = async ({ options }: Invocation): Promise<string> => {
  if (options.clientSecretStdin !== true) return process.stdin.isTTY ? askHidden("Client secret (not shown): ") : missingSecret();
  const text = (await readInput(limit("secretBytes")))?.replace(/\r?\n$/, "");
  return text === undefined || text === "" ? missingSecret() : text;
};

const missingSecret = (): never => {
  throw new SlipError("usage", "The client secret is missing.", { next: "Give it on standard input, with --client-secret-stdin." });
};

const kindOf = (text = "oidc"): "oidc" | "github" => {
  if (text === "oidc" || text === "github") return text;
  throw new SlipError("usage", `"${text.slice(0, 40)}" is no kind of provider.`, { next: "It is oidc, or github." });
};

const add = async (call: Invocation): Promise<number> => {
  const { options } = call;
  const [kind, issuer, clientId] = [kindOf(textOf(options, "kind")), textOf(options, "issuer"), textOf(options, "clientId")];
  if (clientId === undefined) throw new SlipError("usage", "--client-id is missing.", { next: "The provider shows it where you register an application." });
  if (issuer === undefined && kind === "oidc")
    throw new SlipError("usage", "--issuer is missing.", { next: "For example --issuer https://accounts.google.com" });
  const clientSecret = await readSecret(call);
  return change(call, "providers.add", { name: first(call), kind, clientId, clientSecret, ...(issuer === undefined ? {} : { issuer }) });
};

const list = async ({ session, screen }: Invocation): Promise<ExitCode> => {
  const answer = await session.call("providers.list", {});
  screen.list(answer, {
    heading: ["name", "kind", "issuer", "client id", "added"],
    rows: answer.providers.map(({ name, kind, issuer, clientId, createdAt }) => [name, kind, issuer, clientId, screen.time(createdAt)]),
    empty: "No providers. People sign in with a code of 'slip sign-in'.",
  });
  return 0;
};

const remove = (call: Invocation): Promise<number> => change(call, "providers.remove", { name: first(call) });

const nameArgument = { name: "NAME", summary: "what people click on: a–z, 0–9 and '-'" };

export const signIn: Command = {
  name: "sign-in",
  summary: "Make a code that signs you in on the pages, and say where else people can sign in.",
  notes: "The code is made here and the platform is sent its hash alone. It works once, for ten minutes.",
  options: [planOption],
  examples: ["slip sign-in", "slip sign-in add google --issuer https://accounts.google.com --client-id … --client-secret-stdin < secret"],
  run: makeCode,
  commands: [
    {
      name: "add",
      summary: "Let people sign in with a provider of OpenID Connect, or with GitHub.",
      arguments: [nameArgument],
      options: [
        { flags: "--issuer <URL>", summary: "address of the provider; of GitHub, for an own GitHub Enterprise" },
        { flags: "--client-id <ID>", summary: "what the provider calls this platform" },
        { flags: "--client-secret-stdin", summary: "read the client secret from standard input" },
        { flags: "--kind <KIND>", summary: "oidc (default), or github" },
        planOption,
      ],
      notes: "Prints the address to register with the provider. Who comes from there for the first time needs an invitation.",
      examples: [
        "slip sign-in add google --issuer https://accounts.google.com --client-id … --client-secret-stdin < secret",
        "slip sign-in add github --kind github --client-id … --client-secret-stdin < secret",
      ],
      run: add,
    },
    { name: "list", summary: "List where people can sign in.", examples: ["slip sign-in list"], run: list },
    {
      name: "rm",
      summary: "Take away a way to sign in.",
      arguments: [nameArgument],
      options: [planOption],
      examples: ["slip sign-in rm google", "slip sign-in rm google --plan"],
      run: remove,
    },
  ],
};
