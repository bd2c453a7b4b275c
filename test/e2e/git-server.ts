// Serves the repositories below a folder over HTTP, as git's own CGI program does it; asks for a password where one is given.
import { spawn } from "node:child_process";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";

export interface GitServer {
  url: string;
  /** What was asked, as "GET /path". */
  asked: string[];
  close(): Promise<void>;
}

const variables = (request: http.IncomingMessage, root: string): Record<string, string> => {
  const url = new URL(request.url ?? "/", "http://localhost");
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: "1",
    // The repositories belong to whoever runs the test.
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "safe.directory",
    GIT_CONFIG_VALUE_0: "*",
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    REQUEST_METHOD: request.method ?? "GET",
    CONTENT_TYPE: request.headers["content-type"] ?? "",
    HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
  };
};

/** Answers with what the CGI program said: a head of lines, an empty line, the body. */
const relay = (output: Buffer, response: http.ServerResponse): void => {
  const end = output.indexOf("\r\n\r\n");
  const head = output.subarray(0, end).toString("latin1").split("\r\n");
  for (const line of head) {
    const [name = "", value = ""] = line.split(": ", 2);
    if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(output.subarray(end + 4));
};

const answer = (root: string, request: http.IncomingMessage, response: http.ServerResponse): void => {
  const child = spawn("git", ["http-backend"], { env: variables(request, root), stdio: ["pipe", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.on("close", () => relay(Buffer.concat(chunks), response));
  request.pipe(child.stdin);
};

/** An address of this machine that it has in its network: git fetches have a loopback of their own. */
export const machineAddress = (): string => {
  const links = Object.entries(networkInterfaces()).filter(([name]) => !name.startsWith("slip"));
  const found = links.flatMap(([, addresses]) => addresses ?? []).find(({ family, internal }) => family === "IPv4" && !internal);
  if (!found) throw new Error("These tests need a machine that has an address besides its loopback.");
  return found.address;
};

interface ServeOptions {
  /** Asked for, whatever the user is called. */
  password?: string;
  /** Where it listens. */
  address?: string;
  /** Sends everybody to the same path of this server. */
  redirectTo?: string;
}

/** Listens on any free port. */
export const serveGit = async (root: string, { password, address = machineAddress(), redirectTo }: ServeOptions = {}): Promise<GitServer> => {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (redirectTo !== undefined) return response.writeHead(302, { location: `${redirectTo}${request.url}` }).end();
    const given = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64")
      .toString()
      .split(":")[1];
    if (password === undefined || given === password) return answer(root, request, response);
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
