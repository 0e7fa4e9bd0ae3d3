// The HTTP server: the API, and the files of the page.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { extname } from 'node:path';
import { RequestError } from './database.js';
import { openapi } from './openapi.js';

const compress = promisify(gzip);
const publicDirectory = new URL('../public/', import.meta.url);

const MAX_BODY = 1 << 20;
const MAX_DEPTH = 200;

const types = {
	'.html': 'text/html; charset=utf-8',
	'.css': 'text/css; charset=utf-8',
	'.js': 'text/javascript; charset=utf-8',
	'.svg': 'image/svg+xml',
};

const headers = {
	'Content-Security-Policy':
		"default-src 'self'; img-src * data: blob:; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
	'X-Content-Type-Options': 'nosniff',
	'Referrer-Policy': 'no-referrer',
	'Cache-Control': 'no-store',
};

// The status that an error of PostgreSQL is.
function statusOf(code) {
	if (code === '42501') return 403;
	if (code === '57014') return 504;
	if (/^(08|53|57)/.test(code)) return 503;
	return /^(02|0A|21|22|42|54|55|P0|23|25)/.test(code) ? 400 : 500;
}

// An error as the API tells it: with the path of what is wrong in the query.
export function describe(error) {
	if (error instanceof RequestError) {
		const { message, path, hint, status } = error;
		return { status, error: { message, path, hint } };
	}
	if (typeof error.code === 'string' && error.severity !== undefined) {
		const path =
			error.where?.match(/odb_query, at (.*)/)?.[1] ??
			error.message.match(/(\$\S*(?:\["[^"]*"\]\S*)*) of the query/)?.[1];
		return {
			status: statusOf(error.code),
			error: { message: error.message, path, detail: error.detail, hint: error.hint, code: error.code },
		};
	}
	return { status: error.status ?? 500, error: { message: error.status ? error.message : 'the server failed' } };
}

const failure = (status, message) => Object.assign(new Error(message), { status });

// Is a value nested more deeply than anything that is meant?
function tooDeep(value) {
	let level = [value];
	for (let depth = 0; level.length > 0; depth++) {
		if (depth > MAX_DEPTH) return true;
		level = level.flatMap(item => (item !== null && typeof item === 'object' ? Object.values(item) : []));
	}
	return false;
}

async function readBody(request) {
	if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
		throw failure(415, 'the body must be JSON, with Content-Type: application/json');
	}
	const chunks = [];
	let length = 0;
	for await (const chunk of request) {
		length += chunk.length;
		if (length <= MAX_BODY) chunks.push(chunk);
		// What is somewhat too long is read to its end, so that the answer arrives.
		if (length > 16 * MAX_BODY) break;
	}
	if (length > MAX_BODY) throw failure(413, `the body must have at most ${MAX_BODY} bytes`);
	let body;
	try {
		body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
	} catch (error) {
		throw new RequestError(`the body is no JSON: ${error.message}`, '$');
	}
	if (tooDeep(body)) throw new RequestError(`the body is nested more deeply than ${MAX_DEPTH} levels`, '$');
	return body;
}

// Only names that mean this server are answered to, so that no other site's name can
// be made to point here.
function hostAllowed(request, options) {
	const host = (request.headers.host ?? '').replace(/:\d+$/, '');
	const local = ['127.0.0.1', 'localhost', '[::1]'];
	return !local.concat('::1').includes(options.host) || local.includes(host);
}

async function send(request, response, status, type, body) {
	const fields = { ...headers, 'Content-Type': type };
	let content = Buffer.from(body);
	if (
		content.length > 8192 &&
		/\bgzip\b/.test(request.headers['accept-encoding'] ?? '') &&
		!/^(127\.|::1|::ffff:127\.)/.test(request.socket.remoteAddress ?? '')
	) {
		content = await compress(content);
		fields['Content-Encoding'] = 'gzip';
	}
	response.writeHead(status, { ...fields, 'Content-Length': content.length });
	response.end(request.method === 'HEAD' ? undefined : content);
}

export function makeServer(database, options) {
	const json = value => (typeof value === 'string' ? value : JSON.stringify(value));
	const get = {
		'/schema': () => database.readSchema(),
		'/openapi.json': () => openapi,
	};
	const post = {
		'/query': body => database.query(body),
		'/sql': body => database.sql(body),
		'/fusion': body => database.fusion(body),
		'/refine': body => database.refine(body),
		'/learn': body => database.learn(body),
		'/profiles': body => database.saveProfile(body),
	};

	async function answer(request, response) {
		const { pathname } = new URL(request.url, 'http://localhost');
		if (!hostAllowed(request, options)) throw failure(403, 'this server is for this computer only');
		if (Object.hasOwn(post, pathname)) {
			if (request.method !== 'POST') throw failure(405, `${pathname} takes POST`);
			const body = await readBody(request);
			if (body === null || typeof body !== 'object' || Array.isArray(body))
				throw new RequestError('the body must be an object', '$');
			return send(request, response, 200, 'application/json', json(await post[pathname](body)));
		}
		if (request.method !== 'GET' && request.method !== 'HEAD') throw failure(405, 'only GET is allowed there');
		if (Object.hasOwn(get, pathname))
			return send(request, response, 200, 'application/json', json(await get[pathname]()));
		const name = pathname === '/' ? 'index.html' : pathname.slice(1);
		if (!/^[a-z-]+\.(html|css|js|svg)$/.test(name)) throw failure(404, 'there is no such page');
		const file = await readFile(new URL(name, publicDirectory)).catch(() => {
			throw failure(404, 'there is no such page');
		});
		return send(request, response, 200, types[extname(name)], file);
	}

	return createServer((request, response) => {
		answer(request, response).catch(error => {
			const { status, error: description } = describe(error);
			if (status === 500) process.stderr.write(`mmdb-explorer: ${error.stack}\n`);
			send(request, response, status, 'application/json', JSON.stringify({ error: description })).catch(() =>
				response.destroy(),
			);
		});
	});
}
