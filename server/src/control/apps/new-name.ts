// A name for an app that nobody has named: words that people can say, and an end that makes it another one each time.
import { randomInt } from "node:crypto";

const adjectives =
  "amber bold brave bright brisk calm clear crisp dapper eager early fair fleet fresh gentle glad golden keen kind light lively lucid mellow merry neat noble plucky proud quick quiet rapid ready rosy sharp silver smart snug solid spry steady sunny swift tidy true vivid warm wise witty";
const nouns =
  "acorn badger beacon birch brook cedar comet coral crane creek dune eagle ember falcon fern finch fjord fox grove gull harbor heron island ivy jay lake lark lotus lynx maple marten meadow moss otter owl panda pebble pine plover raven reef river robin sparrow spruce stone swan tern thrush tulip willow wren";
/** Without vowels, and what looks like something else. */
const letters = "23456789bcdfghjkmnpqrstvwxyz";
const endLength = 4;

/** `below(n)` gives a whole number from 0 to n - 1. */
export const newName = (below: (bound: number) => number = randomInt): string => {
  const one = (words: string): string => {
    const all = words.split(" ");
    return all[below(all.length)] ?? "";
  };
  const end = Array.from({ length: endLength }, () => letters.charAt(below(letters.length))).join("");
  return `${one(adjectives)}-${one(nouns)}-${end}`;
};
