// Node's own HTTP. An `import` of it loads its lazy parts too, undici among them: as long again as all else of Node's start, and megabytes.
export const nodeHttp = process.getBuiltinModule("node:http");
