// Times that come again and again, as the five fields of cron: minute, hour, day of the month, month, day of the week; in UTC. Pure.
import { z } from "zod";

interface Field {
  least: number;
  most: number;
  names: readonly string[];
}

const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const days = "sun mon tue wed thu fri sat".split(" ");
const fields: readonly Field[] = [
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  { least: 1, most: 12, names: ["", ...months] },
  // Sunday is 7 too.
  { least: 0, most: 7, names: days },
];

const numberOf = (text: string, { least, most, names }: Field): number | undefined => {
  const named = text === "" ? -1 : names.indexOf(text.toLowerCase());
  const value = named >= 0 ? named : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
};

/** The numbers of one part of a field: "*", "5", "1-5", each with a step or without; "5/10" goes up to the end. */
const partOf = (part: string, field: Field): number[] | undefined => {
  const [, first = "", last, stepText] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d{1,2}))?$/.exec(part) ?? [];
  const step = stepText === undefined ? 1 : Number(stepText);
  const from = first === "*" ? field.least : numberOf(first, field);
  const isOpen = first === "*" || stepText !== undefined;
  const to = last === undefined ? (isOpen ? field.most : from) : first === "*" ? undefined : numberOf(last, field);
  if (from === undefined || to === undefined || from > to || step === 0) return undefined;
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
};

/** The numbers of each of the five fields; undefined for a text that is no such expression. */
const numbersOf = (expression: string): Set<number>[] | undefined => {
  const texts = expression.trim().split(/\s+/);
  if (texts.length !== fields.length) return undefined;
  const numbers = fields.map((field, index) => {
    const parts = (texts[index] ?? "").split(",").map((part) => partOf(part, field));
    return parts.every((part) => part !== undefined) ? new Set(parts.flat()) : undefined;
  });
  return numbers.every((set) => set !== undefined) ? numbers : undefined;
};

export const CronExpression = z
  .string()
  .max(200)
  .refine((text) => numbersOf(text) !== undefined, 'expected five fields of cron such as "*/5 * * * *"');

/** Whether the minute that `at` is in is one of the expression's. Where day of the month and day of the week are both said, either is enough. */
export const isDue = (expression: string, at: Date): boolean => {
  const [minutes, hours, monthDays, monthNumbers, weekDays] = numbersOf(expression) ?? [];
  if (!minutes?.has(at.getUTCMinutes()) || !hours?.has(at.getUTCHours()) || !monthNumbers?.has(at.getUTCMonth() + 1)) return false;
  const [, , monthDayText = "", , weekDayText = ""] = expression.trim().split(/\s+/);
  const day = at.getUTCDay();
  const [onMonthDay, onWeekDay] = [monthDays?.has(at.getUTCDate()) === true, weekDays?.has(day) === true || (day === 0 && weekDays?.has(7) === true)];
  return monthDayText.startsWith("*") || weekDayText.startsWith("*") ? onMonthDay && onWeekDay : onMonthDay || onWeekDay;
};
