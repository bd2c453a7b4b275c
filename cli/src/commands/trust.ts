import type { Command, ExitCode, Invocation } from "../command.ts";

const guide = (address: string, fingerprint: string): string => `Apps on this machine are served with certificates of your own authority. To trust it:

  save it        slip trust --pem > slipstream-ca.pem
  curl           curl --cacert slipstream-ca.pem ${address}
  Debian, Ubuntu slip trust --pem > /usr/local/share/ca-certificates/slipstream.crt && update-ca-certificates
  Fedora         slip trust --pem > /etc/pki/ca-trust/source/anchors/slipstream.pem && update-ca-trust
  macOS          sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain slipstream-ca.pem
  Firefox        Settings → Privacy & Security → View Certificates → Authorities → Import
  Chrome         Settings → Privacy and security → Security → Manage certificates → Import
  Node           NODE_EXTRA_CA_CERTS=slipstream-ca.pem node …

SHA-256 fingerprint: ${fingerprint}`;

const run = async ({ options, screen, session }: Invocation): Promise<ExitCode> => {
  const trust = await session.call("platform.trust", {});
  if (screen.json) screen.data(trust);
  else if (options.pem) screen.print(trust.certificate.trimEnd());
  else {
    const { domain, httpsPort } = await session.call("platform.status", {});
    screen.print(guide(`https://APP.${domain}${httpsPort === 443 ? "" : `:${httpsPort}`}`, trust.fingerprint));
  }
  return 0;
};

export const trust: Command = {
  name: "trust",
  summary: "Say how to trust the platform's certificate authority.",
  options: [{ flags: "--pem", summary: "print the certificate alone" }],
  examples: ["slip trust", "slip trust --pem > slipstream-ca.pem"],
  run,
};
