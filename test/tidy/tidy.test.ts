import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorCodes, links, operationNames } from "./documentation.ts";
import { exemptions } from "./exemptions.ts";
import { takenExports } from "./exports.ts";
import { cycles, declaredPackages, directions, slowImports } from "./imports.ts";
import { readRepository } from "./repository.ts";
import { barrels, fileLengths, folderNames } from "./shape.ts";
import { environmentAccess, finished, lockFile, machineFacts, noMocks, nothingMuted, shells } from "./text.ts";

const rules = [
  directions,
  slowImports,
  declaredPackages,
  cycles,
  takenExports,
  fileLengths,
  folderNames,
  barrels,
  environmentAccess,
  shells,
  machineFacts,
  lockFile,
  finished,
  nothingMuted,
  noMocks,
  errorCodes,
  operationNames,
  links,
];
const repository = readRepository();
const isExempt = (rule: string, path: string): boolean => exemptions.some((exemption) => exemption.rule === rule && exemption.path === path);

for (const rule of rules)
  describe(rule.name, () => {
    it("finds what breaks it, and only that", () => {
      assert.ok(rule.check(rule.bad).length > 0);
      assert.deepEqual(rule.check(rule.good), []);
    });

    it("is kept by the repository", () => {
      const broken = rule.check(repository).filter(({ path }) => !isExempt(rule.name, path));
      assert.equal(broken.map(({ path, message }) => `${path} ${message}`).join("\n"), "");
    });
  });

describe("exemptions", () => {
  it("are all needed", () => {
    const stale = exemptions.filter(({ rule, path }) => {
      const named = rules.find((each) => each.name === rule);
      return !named?.check(repository).some((violation) => violation.path === path);
    });
    assert.deepEqual(stale, []);
  });
});
