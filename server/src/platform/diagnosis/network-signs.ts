// Signs of names, addresses, certificates and ports that are not what the program expected.
import { again, type Sign, tableOf } from "./sign.ts";

const hostName = "([A-Za-z0-9](?:[\\w.-]{0,250}[A-Za-z0-9])?)";

const unresolved: Sign["read"] = ([host], { during }) => ({
  cause: host === undefined ? "A host name could not be resolved." : `The host name ${host} could not be resolved.`,
  actions: [
    during === "run"
      ? "Correct the host name where the program has it from (a variable: see 'slip env list APP'); a program that is no public server is not reachable by a name."
      : "Correct the host name, or try again: the registry or server has to have a public name.",
  ],
});

/** The trust of a program in an authority of one's own, by the variable that its language reads. */
const untrusted =
  (variable: string): Sign["read"] =>
  (_, around) => ({
    cause: "The certificate of a server was not accepted: no authority that the program knows has signed it.",
    actions: [
      `Add the authority's certificate to the source, for example as ca.pem, and set [${tableOf(around)}.env] ${variable} = "/app/ca.pem" in slip.toml.`,
    ],
  });

const outdated: Sign["read"] = () => ({
  cause: "The certificate of a server was not accepted: it is out of date, or is for another name.",
  actions: ["Correct the address, or let the server have a new certificate."],
});

export const networkSigns: readonly Sign[] = [
  {
    pattern:
      /\bEADDRINUSE\b.*?:(\d{1,5})\b|\[Errno 98\] (?:[Ee]rror while attempting to bind on address \('[\d.:]+', (\d{1,5})\)|Address already in use)|Connection in use: \('[\d.:]+', (\d{1,5})\)/,
    during: ["run"],
    read: ([node, uvicorn, gunicorn], { port }) => {
      const taken = node ?? uvicorn ?? gunicorn ?? port;
      return {
        cause: `The program opens port ${taken} twice: nothing but itself is in its sandbox.`,
        actions: [`Listen on port ${taken} once, and let the second server listen on another one.`],
      };
    },
  },
  {
    pattern: /\blisten EACCES: permission denied \S*?:(\d{1,4})\b|\[Errno 13\] error while attempting to bind on address \('[\d.:]+', (\d{1,4})\)/,
    during: ["run"],
    read: ([node, python], { port }) => ({
      cause: `Port ${node ?? python} is below 1024, which only root may open.`,
      actions: [`Listen on the port in the PORT variable${port === undefined ? "" : `, ${port}`}.`],
    }),
  },
  {
    during: ["build"],
    pattern: /Failed to fetch `?([\w -]{1,60}?)`? from Google Fonts/,
    read: ([font]) => ({
      cause: `The build could not fetch the font ${font} from fonts.googleapis.com.`,
      actions: [
        "Deploy again, where that answers from this machine.",
        `Keep the file of ${font} in the source, and name it with next/font/local: the build needs nothing of others then.`,
      ],
    }),
  },
  { pattern: new RegExp(`\\bgetaddrinfo (?:ENOTFOUND|EAI_AGAIN) ${hostName}`), read: unresolved },
  {
    pattern: new RegExp(
      `\\b(?:Could not resolve host: |Failed to resolve '|[Ff]ailed to lookup address information: |could not translate host name ")${hostName}`,
    ),
    read: unresolved,
  },
  { pattern: /\bgaierror: \[Errno -[235]\]|Temporary failure in name resolution|Name or service not known/, read: unresolved },
  {
    pattern:
      /\b(?:CERT_HAS_EXPIRED|ERR_TLS_CERT_ALTNAME_INVALID)\b|CERTIFICATE_VERIFY_FAILED\] certificate verify failed: (?:certificate has expired|Hostname mismatch)/,
    read: outdated,
  },
  {
    pattern: /\b(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?)\b/,
    read: untrusted("NODE_EXTRA_CA_CERTS"),
  },
  { pattern: /\bCERTIFICATE_VERIFY_FAILED\b|SSL certificate problem: /, read: untrusted("SSL_CERT_FILE") },
  {
    pattern:
      /\bconnect ECONNREFUSED (?:127\.0\.0\.1|::1|localhost):(\d{1,5})\b|connection to server at "(?:localhost|127\.0\.0\.1)"(?: \([\d.:]+\))?, port (\d{1,5}) failed: Connection refused/,
    read: ([node, python], around) => ({
      cause: `The program connects to port ${node ?? python} of its own sandbox, where nothing listens: every app has a network of its own.`,
      actions: [
        around.during === "run"
          ? `Give it the address of that server by the variable that it reads: 'slip env set ${around.app} NAME=VALUE --stage'${again}`
          : "Let the build do without that server: it is not there while the app is built.",
      ],
    }),
  },
];
