import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

type Files = Record<string, string>;
const flask = "from flask import Flask\napp = Flask(__name__)\n";
const gunicorn = (target: string): string[] => ["/bin/sh", "-c", `exec gunicorn --threads 4 --bind "0.0.0.0:$PORT" '${target}'`];
const uvicorn = (target: string): string[] => ["/bin/sh", "-c", `exec uvicorn --host 0.0.0.0 --port "$PORT" '${target}'`];

const starts: readonly [string, Files, unknown][] = [
  ["a Flask app", { "requirements.txt": "flask", "app.py": flask }, gunicorn("app:app")],
  ["a Flask app in a module of any name", { "requirements.txt": "flask", "shop.py": flask.replace("app =", "shop =") }, gunicorn("shop:shop")],
  ["a Flask app in a package", { "requirements.txt": "flask", "shop/__init__.py": flask }, gunicorn("shop:app")],
  ["a Flask factory", { "requirements.txt": "flask", "shop/__init__.py": "def create_app():\n  pass\n" }, gunicorn("shop:create_app()")],
  ["a FastAPI app", { "requirements.txt": "fastapi", "main.py": "import fastapi\napi: fastapi.FastAPI = fastapi.FastAPI()\n" }, uvicorn("main:api")],
  ["a FastAPI app below app/", { "requirements.txt": "fastapi", "app/main.py": "app = FastAPI(title='x')\n" }, uvicorn("app.main:app")],
  ["a FastAPI app below src/", { "pyproject.toml": "", "src/shop/main.py": "app = FastAPI()\n" }, uvicorn("shop.main:app")],
  ["Django", { "requirements.txt": "django", "manage.py": "", "shop/wsgi.py": "application = get_wsgi_application()\n" }, gunicorn("shop.wsgi:application")],
  ["a Flask app that a function makes", { "requirements.txt": "flask", "wsgi.py": "from shop import create_app\napp = create_app()\n" }, gunicorn("wsgi:app")],
  [
    "a FastAPI app that a function makes",
    { "requirements.txt": "fastapi", "app/main.py": "from .factory import get_application\napp = get_application()\n" },
    uvicorn("app.main:app"),
  ],
  [
    "a FastAPI factory",
    { "requirements.txt": "fastapi\nflask", "app/main.py": "def create_app() -> FastAPI:\n  pass\n" },
    ["/bin/sh", "-c", `exec uvicorn --host 0.0.0.0 --port "$PORT" --factory 'app.main:create_app'`],
  ],
  [
    "a BlackSheep app, whose class has a name that is Tornado's too",
    { "requirements.txt": "blacksheep\nuvicorn", "server.py": "from blacksheep import Application, get\n\napp = Application()\n" },
    uvicorn("server:app"),
  ],
  ["an APIFlask app", { "requirements.txt": "apiflask", "app.py": "from apiflask import APIFlask\napp = APIFlask(__name__)\n" }, gunicorn("app:app")],
  ["a Dash app", { "requirements.txt": "dash", "app.py": "app = Dash(__name__)\nserver = app.server\n" }, gunicorn("app:server")],
  ["a Streamlit script", { "requirements.txt": "streamlit", "app.py": "import streamlit as st\n" }, ["streamlit", "run", "app.py"]],
  [
    "a Flask app that starts itself when it is imported",
    { "requirements.txt": "flask", "app.py": `${flask}\napp.run(port=5000)\n` },
    ["/usr/bin/env", "FLASK_RUN_FROM_CLI=true", ...gunicorn("app:app")],
  ],
  [
    "another app that starts itself when it is imported",
    { "requirements.txt": "fastapi", "main.py": "api = FastAPI()\nuvicorn.run(api, port=8000)\n" },
    ["python3", "main.py"],
  ],
  ["an ASGI app of Falcon", { "requirements.txt": "falcon", "app.py": "import falcon.asgi\napp = falcon.asgi.App()\n" }, uvicorn("app:app")],
  [
    "Tornado, which is a server itself",
    { "requirements.txt": "tornado", "main.py": "import tornado\ndef make_app():\n  pass\nmake_app().listen(8888)\n" },
    ["python3", "main.py"],
  ],
  [
    "an aiohttp app that starts itself",
    { "requirements.txt": "aiohttp", "app.py": "from aiohttp import web\ndef create_app():\n  pass\nweb.run_app(create_app())\n" },
    ["python3", "app.py"],
  ],
  [
    "an aiohttp app that nothing starts",
    { "requirements.txt": "aiohttp", "app.py": "from aiohttp import web\napp = web.Application()\n" },
    ["/bin/sh", "-c", `exec gunicorn --worker-class aiohttp.GunicornWebWorker --bind "0.0.0.0:$PORT" 'app:app'`],
  ],
  [
    "a notebook that Voilà shows",
    { "requirements.txt": "voila", "first.ipynb": "{}" },
    ["/bin/sh", "-c", 'exec voila --no-browser --Voila.ip=0.0.0.0 --port="$PORT" "$@"', "sh", "first.ipynb"],
  ],
  [
    "a script that Panel serves",
    { "requirements.txt": "panel", "app.py": "import panel as pn\npn.panel('x').servable()\n" },
    ["/bin/sh", "-c", 'exec panel serve --address 0.0.0.0 --port "$PORT" --allow-websocket-origin "*" "$@"', "sh", "app.py"],
  ],
  ["a script of a package that only helps it", { "requirements.txt": "panel", "app.py": "print(1)" }, ["python3", "app.py"]],
  ["a script", { "requirements.txt": "", "main.py": "print(1)" }, ["python3", "main.py"]],
  [
    "the only script that runs itself",
    { "requirements.txt": "", "serve.py": "if __name__ == '__main__':\n  x()\n", "setup.py": "run()" },
    ["python3", "serve.py"],
  ],
  ["a script that runs its app", { "requirements.txt": "bottle", "hello.py": "run(host='0.0.0.0')\n" }, ["python3", "hello.py"]],
  ["a package that is run by its name", { "pyproject.toml": "", "src/shop/__main__.py": "print(1)" }, ["python3", "-m", "shop"]],
  ["a server alone", { "server.py": "print(1)" }, ["python3", "server.py"]],
  ["a script alone", { "app.py": "print(1)" }, ["python3", "app.py"]],
  ["a Procfile", { "requirements.txt": "flask", "app.py": flask, Procfile: "web: python x.py\n" }, "python x.py"],
];

for (const [what, files, command] of starts) test(`${what} is started`, () => assert.deepEqual(planOf(memoryTree(files), {}).process.command, command));

const installs: readonly [string, Files, { name: string | undefined; inputs?: unknown; words?: string[] }][] = [
  ["requirements with no line in it", { "requirements.txt": "# none\n\n", "app.py": "" }, { name: undefined }],
  [
    "requirements, and the server that they lack",
    { "requirements.txt": "flask", "app.py": flask },
    { name: "pip install -r requirements.txt", inputs: ["requirements.txt"], words: ["-r", "requirements.txt", "gunicorn"] },
  ],
  [
    "requirements that bring the server",
    { "requirements.txt": "Flask==3\nGunicorn[gevent]>=20\n", "app.py": flask },
    { name: "pip install -r requirements.txt", words: ["-r", "requirements.txt"] },
  ],
  [
    "sources that uv alone knows",
    { "pyproject.toml": '[project]\ndependencies = ["lib"]\n[tool.uv.sources]\nlib = { workspace = true }\n', "main.py": "" },
    { name: "uv sync", inputs: "all", words: [] },
  ],
  [
    "a lock file of uv, of a project with commands of its own",
    { "pyproject.toml": '[project]\nname = "x"\n[project.scripts]\nx = "x:main"\n[build-system]\nrequires = []\n', "uv.lock": "", "main.py": "" },
    { name: "uv sync", inputs: "all", words: [] },
  ],
  [
    "a lock file of uv that names members of a workspace",
    {
      "pyproject.toml": "",
      "uv.lock": 'source = { virtual = "." }\nsource = { editable = "packages/lib" }\n',
      "main.py": "",
      "packages/lib/pyproject.toml": '[build-system]\nbuild-backend = "uv_build"\n',
      "packages/lib/src/lib/__init__.py": "",
      "packages/lib/src/lib/more.py": "",
    },
    { name: "uv sync", inputs: ["pyproject.toml", "uv.lock", "packages/lib/pyproject.toml", "packages/lib/src/lib/__init__.py"] },
  ],
  ["requirements that name the tree", { "requirements.txt": "-e .\n", "app.py": "" }, { name: "pip install -r requirements.txt", inputs: "all" }],
  [
    "requirements that name others",
    { "requirements.txt": "-r requirements/base.txt\n", "requirements/base.txt": "x", "app.py": "" },
    { name: "pip install -r requirements.txt", inputs: ["requirements.txt", "requirements/base.txt"] },
  ],
  [
    "a pyproject",
    { "pyproject.toml": '[project]\nname = "x"\ndependencies = ["fastapi>=0.1", "uvicorn"]\n', "main.py": "app = FastAPI()" },
    { name: "pip install", inputs: [], words: ["--", "fastapi>=0.1", "uvicorn"] },
  ],
  [
    "a Poetry project",
    { "pyproject.toml": '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\nflask = "3"\n', "main.py": "" },
    { name: "pip install", inputs: [], words: ["--", "flask==3"] },
  ],
  [
    "a Pipfile without its lock file",
    { Pipfile: '[packages]\nflask = "*"\nrequests = {version = "~=2.1", extras = ["socks"]}\n', "app.py": flask },
    { name: "pip install, by Pipfile", inputs: [], words: ["--", "flask", "requests[socks]~=2.1", "gunicorn"] },
  ],
  [
    "a Pipfile of which pip cannot say everything",
    { Pipfile: '[packages]\na = {git = "https://x/a.git"}\n', "main.py": "" },
    { name: "pipenv install", inputs: ["Pipfile"], words: [] },
  ],
  ["a setup.py alone", { "setup.py": "", "main.py": "" }, { name: "pip install .", inputs: "all", words: ["."] }],
  [
    "a lock file of uv",
    { "pyproject.toml": '[project]\nname = "x"\n', "uv.lock": '[[package]]\nname = "gunicorn"\n', "app.py": flask },
    { name: "uv sync", inputs: ["pyproject.toml", "uv.lock"], words: [] },
  ],
];

for (const [what, files, expected] of installs)
  test(`${what} is installed as it should be`, () => {
    const install = planOf(memoryTree(files), {}).install;
    assert.equal(install?.name, expected.name);
    if (expected.inputs !== undefined) assert.deepEqual(install?.inputs, expected.inputs);
    if (expected.words !== undefined) assert.deepEqual([...(install?.command ?? [])].slice(4), expected.words);
  });

const versions: readonly [Files, string][] = [
  [{ "requirements.txt": "", "app.py": "" }, "default"],
  [{ "requirements.txt": "", "app.py": "", ".python-version": "3.12.1\n" }, "==3.12.*"],
  [{ "requirements.txt": "", "app.py": "", "runtime.txt": "python-3.11.4" }, "==3.11.*"],
  [{ "pyproject.toml": '[project]\nrequires-python = ">=3.9,<4"', "app.py": "" }, ">=3.9,<4"],
  [{ "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.9"', "app.py": "" }, "^3.9"],
];
for (const [files, version] of versions)
  test(`the version is ${version}`, () => assert.deepEqual(planOf(memoryTree(files), {}).runtime, [{ name: "python", version }]));

test("a pyproject that is not TOML is told with its line", () =>
  assert.throws(
    () => planOf(memoryTree({ "pyproject.toml": "[project]\nx", "app.py": "" }), {}),
    (error) => error instanceof SlipError && error.code === "build_failed" && error.details.file === "pyproject.toml" && error.details.line === 2,
  ));

test("nothing to start is no_start_command", () =>
  assert.throws(
    () => planOf(memoryTree({ "requirements.txt": "x" }), {}),
    (error) => error instanceof SlipError && error.code === "no_start_command",
  ));

test("a notebook alone is told what shows it", () =>
  assert.throws(
    () => planOf(memoryTree({ "requirements.txt": "pandas", "first.ipynb": "{}" }), {}),
    (error) => error instanceof SlipError && error.nextActions.some((action) => action.includes("voila")),
  ));

test("Chainlit writes where it may, beside what it reads of itself", () => {
  const { command } = planOf(memoryTree({ "requirements.txt": "chainlit", "app.py": "import chainlit as cl\n" }), {}).process;
  assert.match(command[2] ?? "", /^.*CHAINLIT_APP_ROOT=\/tmp\/chainlit\nexec chainlit run /);
});

test("nothing that a project says is part of a script", () => {
  const install = planOf(memoryTree({ "pyproject.toml": '[project]\ndependencies = ["$(touch /tmp/x)"]\n', "app.py": "" }), {}).install;
  assert.ok(Array.isArray(install?.command));
  assert.deepEqual(install.command.slice(3), ["sh", "--", "$(touch /tmp/x)"]);
  assert.ok(!install.command[2]?.includes("touch"));
});

test("Django's static files are collected where its settings say into which folder, and an own build command stands over it", () => {
  const build = (settings: string, command?: string): string | undefined =>
    planOf(
      memoryTree({ "requirements.txt": "django", "manage.py": "", "shop/wsgi.py": "", "shop/settings.py": settings }),
      command === undefined ? {} : { build: { command } },
    ).build?.name;
  assert.deepEqual(
    [build("STATIC_ROOT = 'x'\n"), build("STATIC_URL = 'x'\n"), build("STATIC_ROOT = 'x'\n", "make")],
    ["manage.py collectstatic", undefined, "make"],
  );
});

test("servers that the project asks for find their address in variables", () => {
  const variables = (requirements: string): unknown =>
    Object.entries(planOf(memoryTree({ "requirements.txt": requirements, "main.py": "" }), { run: { port: 4_000 } }).process.env).filter(([name]) =>
      /HOST|PORT|NAME/.test(name),
    );
  assert.deepEqual(variables("gradio>=4"), [
    ["GRADIO_SERVER_NAME", "0.0.0.0"],
    ["GRADIO_SERVER_PORT", "4000"],
  ]);
  assert.deepEqual(variables("requests"), []);
});

test("a project with commands of its own is installed itself", () => {
  const commandOf = (pyproject: string) => String(planOf(memoryTree({ "pyproject.toml": pyproject, "uv.lock": "", "main.py": "" }), {}).install?.command[2]);
  assert.match(commandOf('[project]\nname = "x"\n[project.scripts]\nx = "x:main"\n[build-system]\nrequires = []\n'), /uv sync --frozen --no-dev\n/);
  assert.match(commandOf('[project]\nname = "x"\n[project.scripts]\nx = "x:main"\n'), /uv sync --frozen --no-dev --no-install-project\n/);
});
