/** What `/` says where there is no console: how to get one. No script and no style stands in it. */
export const missingPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Stopcopy coordinator</title></head>
<body>
<h1>The coordinator runs; its console is not here</h1>
<p>The console is a folder of files that this service hands out, and it found none.</p>
<ul>
<li>In a clone of the repository, <code>npm run build</code> makes it; then start the coordinator again.</li>
<li>In an installation, copy <code>apps/console/dist/site</code> beside the program, as the folder <code>console</code>.</li>
<li>Somewhere else, name it: <code>stopcopy-coordinator serve --console FOLDER</code>, or <code>STOPCOPY_COORDINATOR_CONSOLE</code>.</li>
</ul>
<p>The API is there all the same: <a href="/docs">its documentation</a>, <a href="/openapi.json">OpenAPI</a>, <a href="/readyz">readiness</a>.</p>
</body>
</html>
`
