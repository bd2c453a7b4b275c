// Times for people, and times that people write.
import { SlipError } from "@slipstream/contract/errors.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** How long something took: "8 ms", "1.2 s", "2 min 5 s". */
export const tookText = (ms: number): string => {
  if (ms < 9.95) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / second).toFixed(1)} s`;
  const seconds = Math.round(ms / second);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

/** How long ago an ISO time was: "just now", "5 min ago", "3 days ago". */
export const agoText = (time: string, now: number): string => {
  const ms = now - Date.parse(time);
  if (ms < 5 * second) return "just now";
  if (ms < minute) return `${Math.floor(ms / second)} s ago`;
  if (ms < hour) return `${Math.floor(ms / minute)} min ago`;
  if (ms < day) return `${Math.floor(ms / hour)} h ago`;
  const days = Math.floor(ms / day);
  return days === 1 ? "yesterday" : `${days} days ago`;
};

const units: Readonly<Record<string, number>> = { s: second, m: minute, min: minute, h: hour, d: day };

/** "2h", "30d" from now or an ISO time, as an ISO time. Throws `usage` for anything else, and for a time that is over. */
export const aheadTime = (text: string, now: number): string => {
  const period = /^(\d{1,9})(s|m|min|h|d)$/.exec(text);
  const time = period ? now + Number(period[1]) * (units[period[2] ?? ""] ?? 0) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time) || time <= now || time > 8.64e15)
    throw new SlipError("usage", `"${text.slice(0, 40)}" is not a time to come.`, { next: 'Write "2h", "30d" or an ISO time.' });
  return new Date(time).toISOString();
};

/** "10m", "2h" or an ISO time, as an ISO time. Throws `usage` for anything else. */
export const sinceTime = (text: string, now: number): string => {
  const period = /^(\d{1,9})(s|m|min|h|d)$/.exec(text);
  if (period) return new Date(now - Number(period[1]) * (units[period[2] ?? ""] ?? 0)).toISOString();
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new SlipError("usage", `"${text.slice(0, 40)}" is not a time.`, { next: 'Write "10m", "2h", "1d" or an ISO time.' });
  return new Date(time).toISOString();
};
