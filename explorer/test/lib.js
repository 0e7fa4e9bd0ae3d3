// A server for the tests, and another connection to compare with.
import { createRequire } from 'node:module';
import { connect } from '../server/database.js';
import { makeServer } from '../server/http.js';
import { readOptions } from '../server/options.js';

const pg = createRequire(import.meta.url)('pg');

const running = new Set();

// Stops all servers that a test has started.
export async function stopAll() {
	for (const server of running) await server.stop();
}

// Starts an explorer as a role that may read two tables.
export async function start(...args) {
	const { PGHOST, PGDATABASE } = process.env;
	const options = readOptions([
		'--dsn',
		`postgresql://explorer_test@${encodeURIComponent(PGHOST)}/${PGDATABASE}`,
		...args,
	]);
	const database = await connect(options);
	const server = makeServer(database, options);
	await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
	const url = `http://127.0.0.1:${server.address().port}`;
	const started = {
		url,
		async post(path, body, headers = {}) {
			const response = await fetch(url + path, {
				method: 'POST',
				headers: { 'Content-Type': 'application/json', ...headers },
				body: typeof body === 'string' ? body : JSON.stringify(body),
			});
			return { status: response.status, body: await response.json() };
		},
		async get(path) {
			const response = await fetch(url + path);
			return { status: response.status, headers: response.headers, text: await response.text() };
		},
		async stop() {
			server.close();
			server.closeAllConnections();
			running.delete(started);
			await database.end();
		},
	};
	running.add(started);
	return started;
}

export async function owner() {
	const client = new pg.Client();
	await client.connect();
	return client;
}
