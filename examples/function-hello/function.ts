interface Environment {
  GREETING?: string;
}

export default {
  fetch(request: Request, env: Environment): Response {
    const { pathname } = new URL(request.url);
    console.log(`${request.method} ${pathname}`);
    return new Response(`${env.GREETING ?? "Hello"} from a function\n`);
  },
};
