// The operations as REST has them: all, each at an address of its own.
import { prepare } from "@slipstream/contract/client.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import type { Door, Way } from "../doors.ts";

const wayTo = (name: OperationName): Way => ({
  name,
  does: [name],
  request(input, bytes) {
    const { method, path, body, contentType } = prepare(name, input, bytes);
    return { method, path, headers: body ? { "content-type": contentType } : {}, body };
  },
});

const codeOf = (text: string): string | undefined => {
  try {
    return (JSON.parse(text) as { error?: { code?: string } }).error?.code;
  } catch {
    return undefined;
  }
};

export const restDoor = (): Door => {
  const names = Object.keys(operations) as OperationName[];
  return {
    name: "REST",
    resource: "",
    ways: names.map(wayTo),
    besides: [],
    lacks: {},
    reaches: () => names,
    codeOf,
    isEnough: (type) => type === "application/x-ndjson",
  };
};
