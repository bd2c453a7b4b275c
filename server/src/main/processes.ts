// Prints the processes of the installation as JSON, for 'slip status'; or why they are not known, as an error of the catalogue.
import { SlipError, toErrorBody } from "@slipstream/contract/errors.ts";
import { readConfig } from "#platform/config.ts";
import { processesOf } from "./supervisor/listing.ts";

const answer = (): object => {
  try {
    return processesOf(readConfig().home);
  } catch (error) {
    if (error instanceof SlipError) return toErrorBody(error);
    throw error;
  }
};

process.stdout.write(`${JSON.stringify(answer())}\n`);
