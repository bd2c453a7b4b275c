import assert from "node:assert/strict";
import { test } from "node:test";
import { loggedTarget } from "./logged-target.ts";

const targets: readonly [target: string, logged: string][] = [
  ["/a/token=1", "/a/token=1"],
  ["/?page=2&sort=name", "/?page=2&sort=name"],
  ["/?token=s3cret", "/?token=[redacted]"],
  ["/hook?id=7&access_token=a.b-c%3D&page=2", "/hook?id=7&access_token=[redacted]&page=2"],
  ["/?apiKey=1;Password=2", "/?apiKey=[redacted];Password=[redacted]"],
  ["/o?X-Amz-Credential=1&X-Amz-Signature=2", "/o?X-Amz-Credential=[redacted]&X-Amz-Signature=[redacted]"],
  ["/?user%5Bpassword%5D=1&user[password]=2&user%5Bname%5D=3", "/?user%5Bpassword%5D=[redacted]&user[password]=[redacted]&user%5Bname%5D=3"],
  ["/?token=&keys=1&tokens", "/?token=&keys=1&tokens"],
  ["/?a=token=1", "/?a=token=1"],
];
for (const [target, logged] of targets) test(`${target} is logged as ${logged}`, () => assert.equal(loggedTarget(target), logged));

test("the longest target takes no time to look at", () => {
  const target = `/?${"tokenkeysig".repeat(6_000)}`;
  for (let time = 0; time < 100; time += 1) assert.equal(loggedTarget(target), target);
});
