import assert from "node:assert/strict";
import { test } from "node:test";
import { isPublicAddress } from "./public-address.ts";

test("addresses of the internet are public", () => {
  for (const address of ["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.1", "223.255.255.255"])
    assert.equal(isPublicAddress(address), true, address);
  for (const address of ["2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "2001:4860:4860::8888", "2003::1"])
    assert.equal(isPublicAddress(address), true, address);
});

test("the machine, the networks around it and what is nobody's are not", () => {
  const closed = "0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1";
  const more = "192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255";
  for (const address of `${closed} ${more}`.split(" ")) assert.equal(isPublicAddress(address), false, address);
});

test("no form of IPv6 leads around that", () => {
  const local = ["::", "::1", "fe80::1", "fe80::1%eth0", "2606:4700::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1"];
  const mapped = ["::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:1.1.1.1", "::ffff:0:10.0.0.1", "::127.0.0.1", "::7f00:1"];
  const translated = ["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2001:0:4136:e378::1", "5f00::1"];
  for (const address of [...local, ...mapped, ...translated, "2001:db8::1", "3fff::1", "2001:10::1", "100::1", "100:0:0:1::1"])
    assert.equal(isPublicAddress(address), false, address);
});

test("what is no address is not public", () => {
  for (const text of ["", "example.org", "1.1.1", "0x7f.0.0.1", "2130706433", "[::1]", "1.1.1.1:80"]) assert.equal(isPublicAddress(text), false, text);
});
