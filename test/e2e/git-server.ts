// Serves the repositories below a folder over HTTP, as git's own CGI program does it; asks for a password where one is given.
import { spawn } from "node:child_process";
import http from "node:http";
import type { AddressInfo } from "node:net";

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

/** Listens on any free port of this machine. `password` is asked for, whatever the user is called. */
export const serveGit = async (root: string, password?: string): Promise<GitServer> => {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const given = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64")
      .toString()
      .split(":")[1];
    if (password === undefined || given === password) return answer(root, request, response);
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
