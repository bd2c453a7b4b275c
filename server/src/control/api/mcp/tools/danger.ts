// What would be gone, for the person who is asked.
import type { Asking } from "../asking.ts";
import type { Danger } from "../confirm.ts";

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

/** The blast radius of the end of an app. */
export const dangerOfDestroying = async (asking: Asking, name: string): Promise<Omit<Danger, "confirm">> => {
  const [app, { releases }, { domains }, { secrets }, { env }] = await Promise.all([
    asking.do("apps.get", { app: name }),
    asking.do("releases.list", { app: name }),
    asking.do("domains.list", { app: name }),
    asking.do("secrets.list", { app: name }),
    asking.do("env.list", { app: name }),
  ]);
  const own = domains.map(({ domain }) => domain).filter((domain) => domain !== new URL(app.url).hostname);
  const hosts = own.length === 0 ? "no domain besides" : `${count(own.length, "domain")} (${own.join(", ")})`;
  const parts = [count(releases.length, "release"), hosts, count(secrets.length, "secret"), count(env.length, "variable"), count(app.instances, "instance")];
  return { name, what: `Destroy the app ${name}, which answers at ${app.url}? Off the air would be: ${parts.join(", ")}. They are kept for 72 hours.` };
};
