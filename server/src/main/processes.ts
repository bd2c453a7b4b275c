// Prints the processes of the installation as JSON, for 'slip status'.
import { readConfig } from "#platform/config.ts";
import { processesOf } from "./supervisor/listing.ts";

process.stdout.write(`${JSON.stringify(processesOf(readConfig().home))}\n`);
