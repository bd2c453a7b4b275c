import assert from "node:assert/strict";
import { test } from "node:test";
import { socketOf } from "./postgres.ts";

const socket = { kind: "socket", host: "/run/postgresql", port: 5432, user: "slip", password: "p@ss", database: "platform" };

test("the forms of a socket that libpq knows are read", () => {
  assert.deepEqual(socketOf("postgres://slip:p%40ss@/platform?host=/run/postgresql"), socket);
  assert.deepEqual(socketOf("postgresql://slip:p%40ss@%2Frun%2Fpostgresql/platform"), socket);
  assert.deepEqual(socketOf("postgres:///platform?host=/run/postgresql&user=slip&password=p%40ss"), socket);
  assert.deepEqual(socketOf("postgres://slip:p%40ss@localhost:5433/platform?host=/run/postgresql&port=5432"), { ...socket, port: 5433 });
  assert.equal(socketOf("postgres://slip@/?host=/tmp")?.database, "slip");
});

test("an address with a host is left to the library", () => {
  for (const url of ["postgres://slip:x@127.0.0.1:5432/platform", "postgres://db.example.org/x?sslmode=require", "postgres://a,b/x"])
    assert.equal(socketOf(url), undefined);
});
