import assert from "node:assert/strict";
import { test } from "node:test";
import { checkOrigin } from "./git-origin.ts";

test("an address with a token in it is refused, the user of ssh is fine", () => {
  for (const url of ["https://git.example.org/a@b.git", "ssh://git@git.example.org/a.git", "git@git.example.org:a.git", "https://git.example.org/?q=a@b"])
    checkOrigin({ url });
  for (const url of ["https://token@git.example.org/a.git", "HTTP://user:pass@git.example.org/a.git"])
    assert.throws(() => checkOrigin({ url }), { code: "git_refused" }, url);
});
