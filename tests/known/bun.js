// The contract of a framework: `bun run bun.js ADDRESS PORT`.
const [address, port] = process.argv.slice(2);
Bun.serve({
  hostname: address,
  port: Number(port),
  fetch(request) {
    const there = new URL(request.url).pathname === "/";
    return new Response(there ? "Hello world!" : "none", {
      status: there ? 200 : 404,
      headers: { "content-type": "text/plain" },
    });
  },
});
