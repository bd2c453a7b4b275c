#!/bin/sh
# Becomes workerd, which serves the bundle in /app on PORT. Each variable of the environment is a binding of its name.
set -eu
awk '
# Bytes that the sandbox may hold; gVisor tells them as those of the machine.
function memory(  line, field) {
  if ((getline line < "/sys/fs/cgroup/memory.max") > 0 && line != "max") return line
  if ((getline line < "/sys/fs/cgroup/memory/memory.limit_in_bytes") > 0) return line
  while ((getline line < "/proc/meminfo") > 0) if (split(line, field) > 1 && field[1] == "MemTotal:") return field[2] * 1024
}
BEGIN {
  split("PATH HOME HOST PORT LANG PWD OLDPWD SHLVL _", own, " ")
  for (i in own) hidden[own[i]] = 1
  print "using Workerd = import \"/workerd/workerd.capnp\";"
  print "using Bundle = import \"/app/bundle.capnp\";"
  print "const config :Workerd.Config = ("
  # Without a bound V8 would not collect before the sandbox ends what holds too much. It knows no heap of 4 GB.
  heap = int(memory() * 3 / 4 / 1048576)
  if (heap > 0 && heap < 4096) printf "  v8Flags = [\"--max-heap-size=%d\"],\n", heap
  print "  services = ["
  print "    (name = \"function\", worker = ("
  print "      modules = Bundle.modules, compatibilityDate = Bundle.compatibilityDate, compatibilityFlags = Bundle.compatibilityFlags,"
  print "      bindings = ["
  for (name in ENVIRON) if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/ && !(name in hidden)) printf "        (name = \"%s\", fromEnvironment = \"%s\"),\n", name, name
  print "      ])),"
  # The sandbox has a network of its own, whose rules decide what may be reached: they say more than workerd could.
  print "    (name = \"internet\", network = (allow = [\"public\", \"private\"], tlsOptions = (trustBrowserCas = true))),"
  print "  ],"
  print "  sockets = Bundle.sockets,"
  print "  logging = (stdoutPrefix = \"\", stderrPrefix = \"\"),"
  print ");"
}' > /tmp/function.capnp
exec workerd serve --import-path=/ --socket-addr="http=0.0.0.0:$PORT" /tmp/function.capnp
