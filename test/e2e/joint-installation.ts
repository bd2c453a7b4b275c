// One platform for all the test files that need apps of their own, and not a platform of their own: to start one takes longer than most tests.
// `npm run test:e2e` starts it before them all and ends it after them (test/run.ts); a file that is run alone starts its own.
import { machineAddress } from "./git-server.ts";
import { Installation } from "./installation.ts";

const variable = "SLIP_TEST_JOINT";
/** Test servers of git have this machine's address, which no app may reach otherwise. */
const settings = (): Record<string, string> => ({ SLIP_GIT_HOSTS: machineAddress() });

class Joint extends Installation {
  override up(): Promise<void> {
    return this.readAddress();
  }
  override end(): Promise<void> {
    this.settle();
    return Promise.resolve();
  }
}

class Alone extends Installation {
  override up(): Promise<void> {
    return super.up(settings());
  }
}

/** The joint platform. Names of apps and hosts on it are of one test file each. */
export const jointInstallation = (): Installation => {
  const [home, userHome] = process.env[variable]?.split(":") ?? [];
  return home === undefined || userHome === undefined ? new Alone() : new Joint(home, userHome);
};

let made: Installation | undefined;

export const startJoint = async (): Promise<void> => {
  made = new Installation();
  process.env[variable] = `${made.home}:${made.userHome}`;
  await made.up(settings());
};

/** Rejects when anything of the platform is left on the machine. */
export const endJoint = async (): Promise<void> => {
  await made?.end();
};
