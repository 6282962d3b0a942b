// The session's CSRF token is not readable from its cookie: it is asked for before "Try it out" changes something.
const here = document.getElementById("docs");

async function withCsrf(request) {
  if (!["GET", "HEAD"].includes((request.method || "GET").toUpperCase()) && !request.headers.Authorization) {
    const session = await fetch("/api/v1/session/", { headers: { Accept: "application/json" } });
    request.headers["X-CSRFToken"] = (await session.json()).csrf;
  }
  return request;
}

SwaggerUIBundle({
  url: here.dataset.schema,
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
  requestInterceptor: withCsrf,
});
