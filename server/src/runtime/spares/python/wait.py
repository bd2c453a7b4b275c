# What a spare runs, in its sandbox: Python is up, with what servers import loaded, and waits to be told which program it is. Who tells it has
# connected before, and has shown that it is the host process. Nothing of that is left afterwards: no descriptor, no thread, no listener.
import os
import sys

own = {name: value for name, value in globals().items() if name.startswith("__")}
found_at_start = set(sys.modules)
# Whose folder this is in is nobody's of the app.
sys.path.pop(0)

import functools
import importlib
import importlib.machinery
import json
import pkgutil
import runpy
import select
import shutil
import socket
import time
import types

# What makes no state that hangs on when it is imported: asyncio has a logger, which another order of imports would switch off.
LOADED = """
argparse bz2 calendar copy csv dataclasses decimal difflib email.mime.text email.parser email.policy email.utils encodings.idna fcntl glob grp gzip
hashlib hmac html.parser http.client http.cookies http.server importlib.metadata importlib.resources importlib.util inspect json logging.config lzma
mimetypes numbers pickle platform pprint pwd queue secrets shlex signal ssl subprocess tempfile threading typing unicodedata uuid zipfile
""".split()
# These put theirs in the place of what was imported before them, and must be first.
PATCHERS = {"eventlet", "gevent"}


def given():
    """The environment that this process was started with, before the runtime made any of it."""
    with open("/proc/self/environ", "rb") as file:
        pairs = [pair.partition(b"=") for pair in file.read().split(b"\0") if pair]
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def start_without(secret):
    """Starts this program anew with the secret in a pipe: the first environment of a process is there to be read until it ends."""
    inlet, outlet = os.pipe()
    os.write(outlet, os.fsencode(secret))
    os.set_inheritable(inlet, True)
    env = {name: value for name, value in given().items() if name != "SLIP_SPARE"}
    os.execve(sys.executable, [*sys.orig_argv, str(inlet)], env)


def taken(inlet):
    with open(inlet, "rb") as pipe:
        return pipe.readline()


def load():
    for name in LOADED:
        try:
            importlib.import_module(name)
        except ImportError:
            pass


def received(guest):
    try:
        return guest.recv(65_536)
    except OSError:
        return b""


def host_of(port, greeting):
    """The connection of the host process, with what it has said after its greeting; nobody else is listened to from then on."""
    heard = {}
    with socket.create_server(("0.0.0.0", port)) as server:
        while True:
            ready, _, _ = select.select([server, *heard], [], [])
            for guest in ready:
                if guest is server:
                    heard[server.accept()[0]] = b""
                    continue
                chunk = received(guest)
                text = heard.pop(guest) + chunk
                if text.startswith(greeting):
                    for other in heard:
                        other.close()
                    return guest, text[len(greeting) :]
                if chunk and greeting.startswith(text):
                    heard[guest] = text
                else:
                    guest.close()


def told(port, greeting):
    """The program; ends this one where the host process is gone before it has said anything."""
    host, text = host_of(port, greeting)
    with host:
        host.sendall(b"waits\n")
        while not text.endswith(b"\n"):
            chunk = received(host)
            if not chunk:
                sys.exit()
            text += chunk
        host.sendall(b"heard\n")
    return json.loads(text)


def environment_of(executable):
    """Which environment a Python belongs to, if any: its folder, and where the Python is that it is made of."""
    folder = os.path.dirname(os.path.dirname(executable))
    try:
        with open(os.path.join(folder, "pyvenv.cfg"), encoding="utf-8") as file:
            pairs = [line.partition("=") for line in file]
    except OSError:
        return None, None
    return folder, [value.strip() for name, _, value in pairs if name.strip().lower() == "home"]


def is_this(executable):
    """Whether a command is this Python. From 3.14 on a program makes interpreters within it, which have the environment that this one began in."""
    real = os.path.realpath
    of, made_of = environment_of(executable)
    return real(executable) == real(sys.executable) and made_of == home and (of == environment or sys.version_info < (3, 14))


def interpreted(args):
    """The vector that Python has when a command is started, its path first; None where it is a program of another kind."""
    path = shutil.which(args[0])
    if path is None or not os.path.isabs(path):
        return None
    if is_this(path):
        return [path, *args]
    with open(path, "rb") as file:
        first = file.readline(256)
    words = os.fsdecode(first[2:]).split() if first.startswith(b"#!") and first.endswith(b"\n") else []
    return [words[0], words[0], path, *args[1:]] if len(words) == 1 and is_this(words[0]) else None


def modules_in(folder, names):
    """Which of these modules a folder holds."""
    try:
        entries = os.listdir(folder)
    except OSError:
        return
    for entry in entries:
        name, dot, rest = entry.partition(".")
        if name in names and (dot + rest in importlib.machinery.all_suffixes() or os.path.exists(os.path.join(folder, entry, "__init__.py"))):
            yield name


def python_path():
    return [folder for folder in os.environ.get("PYTHONPATH", "").split(":") if folder]


def is_another(folders):
    """Whether an import of the program would have found other modules than those that are loaded, or would change them."""
    loaded = {name.partition(".")[0] for name in sys.modules}
    since = loaded - found_at_start
    at_start = loaded - {"__main__", *sys.builtin_module_names}
    before = [*((folder, since) for folder in folders), *((folder, at_start) for folder in python_path())]
    if any(any(modules_in(folder, names | PATCHERS)) for folder, names in before):
        return True
    return any(any(modules_in(folder, PATCHERS)) for folder in site.getsitepackages())


def absolute(file):
    """As Python does that: nothing else of it is changed."""
    return file if file.startswith("/") else os.path.join(os.getcwd(), file.removeprefix("./"))


def fresh_main(file):
    """A main module as a program finds it."""
    main = types.ModuleType("__main__")
    names = {name: value for name, value in own.items() if name not in ("__file__", "__cached__")}
    if "__annotations__" in names:
        names["__annotations__"] = {}
    if file is None:
        names["__loader__"] = importlib.machinery.BuiltinImporter
    else:
        names |= {"__loader__": importlib.machinery.SourceFileLoader("__main__", file), "__file__": file, "__cached__": None}
    main.__dict__.clear()
    main.__dict__.update(names)
    return main


def run_file(file, main):
    with open(file, "rb") as source:
        code = compile(source.read(), file, "exec", dont_inherit=True)
    return functools.partial(exec, code, main.__dict__)


def begun(vector):
    """What runs the program of a vector, with the folder that its imports look into first; None where this cannot become it."""
    rest = vector[2:]
    if rest[:1] == ["-u"] and os.environ.get("PYTHONUNBUFFERED"):
        rest = rest[1:]
    if len(rest) > 1 and rest[0] == "-m":
        return ["-m", *rest[2:]], os.getcwd(), None, lambda main: functools.partial(runpy._run_module_as_main, rest[1])
    if not rest or rest[0].startswith("-") or rest[0].endswith(".pyc") or not os.path.isfile(rest[0]) or pkgutil.get_importer(rest[0]):
        return None
    file = absolute(rest[0])
    return rest, os.path.dirname(os.path.realpath(file)), file, functools.partial(run_file, file)


def forget(folders):
    """What was found, or was not, where the app is now."""
    for path in [path for path, finder in sys.path_importer_cache.items() if finder is None or path.startswith(folders)]:
        del sys.path_importer_cache[path]


def prepare(vector, argv, folder, file):
    """Makes of this what Python is when it begins with a program; gives its main module."""
    forget((os.getcwd(), os.path.dirname(__file__)))
    sys.executable, sys.orig_argv, sys.argv = vector[0], vector[1:], argv
    if environment is None:
        sys._base_executable = vector[0]
    if sys.version_info < (3, 14):
        sys.prefix, sys.exec_prefix = sys.base_prefix, sys.base_exec_prefix
    sys.path[:0] = python_path()
    importlib.reload(site)
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, folder)
    logging = sys.modules["logging"]
    logging._startTime = time.time_ns() if isinstance(logging._startTime, int) else time.time()
    main = sys.modules["__main__"] = fresh_main(file)
    return main


def become(args, env, cwd):
    """Gives what runs the program. Where this cannot be what a start of it would be, it is started in place of this."""
    made = {name: value for name, value in os.environ.items() if name not in given()}
    os.environ.clear()
    os.environ.update({**made, **env})
    os.chdir(cwd)
    vector = interpreted(args)
    found = vector and begun(vector)
    if not found or is_another([found[1], cwd]):
        os.execvpe(args[0], args, env)
    argv, folder, file, runner = found
    return runner(prepare(vector, argv, folder, file))


def fail(error):
    """Says what Python says of an error that nobody has caught, and ends as it does."""
    seen = error.__traceback__
    while seen and seen.tb_frame.f_code.co_filename == __file__:
        seen = seen.tb_next
    error.__traceback__ = seen
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, seen
    sys.excepthook(type(error), error, seen)
    sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


if "SLIP_SPARE" in os.environ:
    start_without(os.environ["SLIP_SPARE"])
if len(sys.argv) != 3:
    sys.exit("It was not said by what the host process is known.")
import site

load()
environment, home = environment_of(sys.executable)
program = told(int(sys.argv[1]), taken(int(sys.argv[2])) + b"\n")
try:
    become(**program)()
except SystemExit:
    raise
except BaseException as error:
    fail(error)
