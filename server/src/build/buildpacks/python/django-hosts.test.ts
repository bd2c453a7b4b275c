import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const notesOf = (settings: string, more: Record<string, string> = {}): readonly string[] =>
  planOf(memoryTree({ "requirements.txt": "django", "manage.py": "", "shop/wsgi.py": "", "shop/settings.py": settings, ...more }), {}).notes ?? [];

const refused = [
  "DEBUG = False\n\nALLOWED_HOSTS = []\n",
  'DEBUG = env("DEBUG")\nALLOWED_HOSTS = []  # none\n',
  'DEBUG = True\nALLOWED_HOSTS = ["localhost", "127.0.0.1"]\n',
];
for (const settings of refused)
  test(`that Django will refuse every request is said of ${JSON.stringify(settings)}`, () => {
    const [note = "", ...others] = notesOf(settings);
    assert.match(note, /^shop\/settings\.py: ALLOWED_HOSTS .* 400 /);
    assert.equal(others.length, 0);
  });

const answered = [
  "DEBUG = True\nALLOWED_HOSTS = []\n",
  'DEBUG = False\nALLOWED_HOSTS = ["*"]\n',
  'DEBUG = False\nALLOWED_HOSTS = ["localhost", ".example.com"]\n',
  'DEBUG = False\nALLOWED_HOSTS = [os.environ["HOST"]]\n',
  "DEBUG = False\nALLOWED_HOSTS = []\nALLOWED_HOSTS += hosts()\n",
  "DEBUG = False\n",
];
for (const settings of answered) test(`nothing is said of ${JSON.stringify(settings)}`, () => assert.deepEqual(notesOf(settings), []));

test("nothing is said where several files of settings add to one another", () =>
  assert.deepEqual(notesOf("DEBUG = False\nALLOWED_HOSTS = []\n", { "shop/settings/production.py": "" }), []));
